/** Curves between units, arrow heads, and the places of numbers on edges. */

const PORT = 9;
const HEAD = 7;
const SAMPLES = 24;
const HEADS = {
  right: [-9, -4.5, -9, 4.5], left: [9, -4.5, 9, 4.5],
  down: [-4.5, -9, 4.5, -9], up: [-4.5, 9, 4.5, 9],
};

const one = (value) => value.toFixed(1);

/** Distance of a port from the middle of its side: ports are ordered as the other layer's units. */
export function port(count, index, side) {
  const step = count > 1 ? Math.min(PORT, (side - 10) / (count - 1)) : 0;
  return (index - (count - 1) / 2) * step;
}

/** The four points of a curve from one box to another; `out` and `into` are distances of ports. */
export function curveBetween(from, to, isUpright, out, into) {
  if (isUpright) {
    const [x0, y0, x1, y1] = [from.x + from.w / 2 + out, from.y + from.h + (from.tail ?? 0),
      to.x + to.w / 2 + into, to.y];
    const bend = (y1 - y0) * 0.45;
    return [[x0, y0], [x0, y0 + bend], [x1, y1 - bend], [x1, y1]];
  }
  const [x0, y0, x1, y1] = [from.x + from.w, from.y + from.h / 2 + out, to.x, to.y + to.h / 2 + into];
  const bend = (x1 - x0) * 0.45;
  return [[x0, y0], [x0 + bend, y0], [x1 - bend, y1], [x1, y1]];
}

/** Path of a curve; it ends below its arrow head. */
export function pathOf(points, isUpright, { hasHead, isBackward }) {
  const cut = points.map((point) => [...point]);
  const axis = isUpright ? 1 : 0;
  if (hasHead) cut[isBackward ? 0 : 3][axis] += isBackward ? HEAD : -HEAD;
  const [a, b, c, d] = cut.map((point) => point.map(one).join(' '));
  return `M${a}C${b} ${c} ${d}`;
}

/** Path of an arrow head at the target of a curve, in backward at its source. */
export function headPath(points, isUpright, isBackward) {
  const [x, y] = points[isBackward ? 0 : 3];
  const vertical = isBackward ? 'up' : 'down';
  const [dx, dy, ex, ey] = HEADS[isUpright ? vertical : isBackward ? 'left' : 'right'];
  return `M${one(x)} ${one(y)}l${dx} ${dy}L${one(x + ex)} ${one(y + ey)}Z`;
}

/** Width of an edge: 0.001 and less is 1 px, 1 is 5.5 px, the same in every step. */
export function strokeWidth(value) {
  if (!value) return 1.25;
  return 1 + 1.5 * Math.min(3.4, Math.max(0, Math.log10(Math.abs(value)) + 3));
}

/** Point of a curve at t from 0 to 1. */
function pointAt(points, t) {
  const s = 1 - t;
  return [0, 1].map((axis) => s ** 3 * points[0][axis] + 3 * s * s * t * points[1][axis]
    + 3 * s * t * t * points[2][axis] + t ** 3 * points[3][axis]);
}

/** Places for a number of this width at its edge, the best first. */
export function platePlaces(points, isUpright, width, isAtSource) {
  const end = points[isAtSource ? 0 : 3];
  const other = points[isAtSource ? 3 : 0];
  const axis = isUpright ? 0 : 1;
  const bend = other[axis] - end[axis];
  const turn = Math.abs(bend) < 12 ? 1 : Math.sign(bend);
  const out = isAtSource ? 1 : -1;
  const beside = (side) => (isUpright
    ? [end[0] - side * (width / 2 + 7), end[1] + (isAtSource ? 18 : -20)]
    : [end[0] + out * (width / 2 + 12), end[1] - side * 13]);
  const along = [0.3, 0.2, 0.4, 0.25, 0.35, 0.5, 0.15, 0.6, 0.45, 0.7, 0.55, 0.8].map((t) => pointAt(points, isAtSource ? t : 1 - t));
  return [beside(turn), beside(-turn), ...along];
}

/** Points along a curve, close enough that no plate lies between two of them. */
export const samplesOf = (points) => Array.from({ length: SAMPLES }, (_, index) => (
  pointAt(points, (index + 0.5) / SAMPLES)));

/** Rectangle of a number's plate. */
export const plateBox = ([x, y], width) => ({ x: x - width / 2, y: y - 9, w: width, h: 18 });

/** Whether two rectangles have a point in common. */
export const overlaps = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w
  && a.y < b.y + b.h && b.y < a.y + a.h;
