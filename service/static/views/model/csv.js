/** Cells of CSV as the service writes it: commas, quotes where needed. */

/** @param {string} text @returns {string[][]} lines of cells; the first has the names */
export function parseCsv(text) {
  const lines = [];
  let cells = [];
  // A quoted cell, or everything up to the next comma or end of line; then what ended it.
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/gy;
  while (cell.lastIndex < text.length) {
    const found = cell.exec(text);
    if (found === null) break;
    cells.push(found[1]?.replaceAll('""', '"') ?? found[2]);
    if (found[3] !== ',') { lines.push(cells); cells = []; }
  }
  return cells.length ? [...lines, cells] : lines;
}
