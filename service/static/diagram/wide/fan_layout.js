/** Places of the inputs, units and edges of a wide layer that are drawn. */

const SLIM = 560;
const LINE = 26;
const IMAGE = 144;
const UNIT = { width: 116, height: 28 };
// Names of classes are longer than those of units.
const OUTPUT = { ...UNIT, width: 180 };
const SLIM_OUTPUT = { ...UNIT, width: 158 };
const LABEL = 92;
const HEAD = 36;

const compare = (one, other) => one - other;
const distinct = (values) => [...new Set(values)].sort(compare);

/**
 * @param {number[][]} edges indices of input and unit of each edge
 * @param {number} width
 * @param {{hasImage: boolean, isOutput: boolean, labelWidth: number}} options whether the inputs are shown
 *   as an image, too, whether the units are the outputs of the network, and the width of the longest input's name
 * @returns {{width: number, height: number, isSlim: boolean, image: object|null, inputs: object[],
 *   units: object[], unit: {width: number, height: number}, top: number}}
 */
export function fanLayout(edges, width, { hasImage, isOutput, labelWidth }) {
  const isSlim = width < SLIM;
  const outputSize = isSlim ? SLIM_OUTPUT : OUTPUT;
  const unitSize = isOutput ? outputSize : UNIT;
  const inputs = distinct(edges.map(([input]) => input));
  const units = distinct(edges.map(([, unit]) => unit));
  const top = isSlim && hasImage ? HEAD + IMAGE + 44 : HEAD;
  const length = Math.max(inputs.length * LINE, units.length * (UNIT.height + 12), hasImage && !isSlim ? IMAGE : 0);
  const left = (hasImage && !isSlim ? IMAGE + 32 : 0) + Math.min(isSlim ? 76 : LABEL, labelWidth + 16);
  const place = (list, index) => top + ((index + 0.5) * length) / list.length;
  return {
    width,
    height: top + length + 8,
    isSlim,
    top,
    unit: unitSize,
    image: hasImage ? { x: 1, y: HEAD, size: IMAGE } : null,
    inputs: inputs.map((input, index) => ({ input, x: left, y: place(inputs, index) })),
    units: units.map((unit, index) => ({ unit, x: width - unitSize.width - 1, y: place(units, index) })),
  };
}

/** Path of an edge from an input to a unit; its ends leave room for an arrow head. */
export function edgePath(from, to, { isBackward }) {
  const [start, end] = isBackward ? [from.x + 8, to.x] : [from.x, to.x - 8];
  const middle = (end - start) / 2;
  const points = [[start, from.y], [start + middle, from.y], [end - middle, to.y], [end, to.y]];
  const [first, ...others] = points.map((point) => point.map((part) => part.toFixed(1)).join(' '));
  return `M${first}C${others.join(' ')}`;
}

/** Path of an arrow head whose tip is at the target, or at the source in the backward phase. */
export function headPath(from, to, { isBackward }) {
  const tip = isBackward ? from : to;
  const back = isBackward ? 9 : -9;
  return `M${tip.x.toFixed(1)} ${tip.y.toFixed(1)}l${back} -4.5v9Z`;
}
