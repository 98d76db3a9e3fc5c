/** Labels at the ends of lines: widths, and places that do not overlap. */

const FONT_PX = 12;
const LETTER_PX = 7.5;
let context;

/** Width of a text of a chart, in pixels. */
export function textWidth(text, weight = 400) {
  context ??= document.createElement('canvas').getContext('2d');
  if (context === null) return text.length * LETTER_PX;
  context.font = `${weight} ${FONT_PX}px ${getComputedStyle(document.body).fontFamily}`;
  return context.measureText(text).width;
}

/** Text cut with … to a width in pixels. */
export function cut(text, width, weight = 400) {
  if (textWidth(text, weight) <= width) return text;
  let kept = [...text];
  while (kept.length > 1 && textWidth(`${kept.join('')}…`, weight) > width) kept = kept.slice(0, -1);
  return `${kept.join('')}…`;
}

/**
 * Places of labels as near to the wanted ones as possible: at least `gap` apart, between `top` and
 * `bottom`, in the order of the wanted ones.
 * @param {number[]} wanted
 * @returns {number[]}
 */
export function spread(wanted, gap, top, bottom) {
  const order = wanted.map((_, index) => index).sort((a, b) => wanted[a] - wanted[b] || a - b);
  const step = Math.min(gap, (bottom - top) / Math.max(1, wanted.length - 1));
  // Neighbours that would overlap share a group, which stands centred where its labels want to be.
  const groups = [];
  for (const index of order) {
    groups.push({ members: [index], start: clamp(wanted[index], top, bottom) });
    while (groups.length > 1 && overlap(groups.at(-2), groups.at(-1), step)) merge(groups, wanted, step, top, bottom);
  }
  const places = Array(wanted.length);
  for (const { members, start } of groups) {
    members.forEach((index, rank) => { places[index] = start + rank * step; });
  }
  return places;
}

const overlap = (upper, lower, step) => upper.start + upper.members.length * step > lower.start + 1e-9;

function merge(groups, wanted, step, top, bottom) {
  const lower = groups.pop();
  const members = [...groups.pop().members, ...lower.members];
  const ideal = members.reduce((sum, index, rank) => sum + wanted[index] - rank * step, 0) / members.length;
  groups.push({ members, start: clamp(ideal, top, bottom - (members.length - 1) * step) });
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
