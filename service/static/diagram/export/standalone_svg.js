/** A drawing as an SVG file of its own: with its styles as attributes, without references. */

const SVG = 'http://www.w3.org/2000/svg';
const MARGIN = 8;
const COMMON = ['fill', 'fill-opacity', 'opacity', 'stroke', 'visibility'];
const OF_STROKES = ['stroke-width', 'stroke-dasharray', 'stroke-linecap', 'stroke-linejoin', 'stroke-opacity'];
const OF_TEXT = ['font-family', 'font-size', 'font-style', 'font-weight', 'text-anchor',
  'dominant-baseline', 'letter-spacing'];
const DEFAULTS = {
  'fill-opacity': '1', opacity: '1', stroke: 'none', visibility: 'visible', 'stroke-dasharray': 'none',
  'stroke-linecap': 'butt', 'stroke-linejoin': 'miter', 'stroke-opacity': '1', 'font-style': 'normal',
  'text-anchor': 'start', 'dominant-baseline': 'auto', 'letter-spacing': 'normal',
};
const DROPPED = ['class', 'style', 'tabindex', 'aria-details', 'id', 'aria-labelledby', 'aria-describedby'];
const SHAPES = 'path, rect, circle, ellipse, line, polygon, polyline';

/**
 * Text of an SVG file that looks as the drawing does now.
 * @param {SVGSVGElement} drawing in the document
 * @returns {string}
 */
export function standaloneSvg(drawing) {
  const copy = drawing.cloneNode(true);
  inline(drawing, copy);
  removeComments(copy);
  const { width, height } = sizeOf(drawing);
  copy.setAttribute('xmlns', SVG);
  copy.setAttribute('width', width);
  copy.setAttribute('height', height);
  copy.setAttribute('viewBox', `${-MARGIN} ${-MARGIN} ${width} ${height}`);
  // It says how the page is used.
  copy.querySelector(':scope > desc')?.remove();
  const after = copy.querySelector(':scope > title')?.nextSibling ?? copy.firstChild;
  copy.insertBefore(background(drawing, width, height), after);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(copy)}\n`;
}

/** Width and height of the file in pixels. */
export function sizeOf(drawing) {
  const box = drawing.viewBox.baseVal;
  const { width, height } = box?.width ? box : drawing.getBoundingClientRect();
  return { width: width + 2 * MARGIN, height: height + 2 * MARGIN };
}

function inline(original, copy) {
  const style = getComputedStyle(original);
  const originals = [...original.children];
  const copies = [...copy.children];
  originals.forEach((child, index) => {
    if (isInvisible(child)) copies[index].remove();
    else inline(child, copies[index]);
  });
  for (const name of DROPPED) copy.removeAttribute(name);
  for (const name of namesFor(original)) {
    const value = style.getPropertyValue(name).trim();
    if (value && value !== DEFAULTS[name]) copy.setAttribute(name, value);
    else if (value) copy.removeAttribute(name);
  }
}

function namesFor(element) {
  if (element.matches('text, tspan')) return [...COMMON, ...OF_TEXT];
  return element.matches(SHAPES) ? [...COMMON, ...OF_STROKES] : ['opacity', 'visibility'];
}

/** Hidden elements, and those that only catch the pointer. */
function isInvisible(element) {
  const style = getComputedStyle(element);
  if (style.display === 'none' && !element.matches('title, desc')) return true;
  return element.matches(SHAPES) && isClear(style.fill) && isClear(style.stroke);
}

const isClear = (colour) => ['none', 'transparent', 'rgba(0, 0, 0, 0)'].includes(colour);

function removeComments(copy) {
  const walker = document.createTreeWalker(copy, NodeFilter.SHOW_COMMENT);
  const found = [];
  while (walker.nextNode()) found.push(walker.currentNode);
  for (const comment of found) comment.remove();
}

function background(drawing, width, height) {
  const rect = document.createElementNS(SVG, 'rect');
  rect.setAttribute('x', -MARGIN);
  rect.setAttribute('y', -MARGIN);
  rect.setAttribute('width', width);
  rect.setAttribute('height', height);
  rect.setAttribute('fill', getComputedStyle(drawing).getPropertyValue('--surface').trim() || '#fff');
  return rect;
}
