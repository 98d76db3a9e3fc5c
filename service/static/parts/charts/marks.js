/** Places of the names of marks: beside what they name, clear of each other and of the lines. */
import { textWidth } from './labels.js';
import { LABEL_PX } from './layout.js';

const ASCENT = 10;
const DESCENT = 4;
const APART = 6;
/** Distance of a name's baseline from its mark, above and below. */
const [ABOVE, BELOW] = [-8, 17];
const MOST_LINES = 8;
/** Number of places that are tried along a level line. */
const PLACES = 9;
const SAMPLE_PX = 3;

/**
 * Places of names, in the order of the marks; null for marks without a name.
 * @param {import('../line_chart.js').Mark[]} marks
 * @param {object} plan geometry of the chart, with its lines
 * @returns {({x: number, y: number, anchor: 'start'|'end'}|null)[]}
 */
export function placesOfNames(marks, plan) {
  const taken = [...marks.flatMap((mark) => outlineOf(mark, plan)), ...pointsOfLines(plan)];
  const places = Array(marks.length).fill(null);
  // A name of a horizontal line may stand anywhere along it: points choose before.
  const order = marks.map((_, index) => index).sort((one, other) => isLevel(marks[one]) - isLevel(marks[other]));
  const named = [];
  for (const index of order.filter((one) => marks[one].name)) {
    const width = textWidth(marks[index].name);
    const cost = ({ box }) => 9 * named.filter((one) => meet(one, box)).length + taken.filter((one) => meet(one, box)).length;
    const [best] = candidates(marks[index], width, plan).map((one) => ({ ...one, cost: cost(one) }))
      .sort((one, other) => one.cost - other.cost);
    named.push(best.box);
    places[index] = best.place;
  }
  return places;
}

const isLevel = ({ x }) => x === undefined;
const meet = (one, other) => one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
const around = (x, y, reach) => ({ left: x - reach, right: x + reach, top: y - reach, bottom: y + reach });

/** Places from the nearest to the farthest, within the plot. */
function candidates({ x, y }, width, { left, right, top, bottom, toX, toY }) {
  const lines = Array.from({ length: MOST_LINES }, (_, line) => line * LABEL_PX);
  const heights = y === undefined ? lines.map((down) => top + 8 + down)
    : lines.flatMap((away) => [toY(y) + ABOVE - away, toY(y) + BELOW + away]);
  const at = x === undefined ? null : toX(x);
  const along = Array.from({ length: PLACES }, (_, place) => right - width - (place * (right - width - left - APART)) / (PLACES - 1));
  const beside = at < (left + right) / 2 ? [at + APART, at - APART - width] : [at - APART - width, at + APART];
  const starts = at === null ? along : [...beside, at - width / 2];
  const found = heights.flatMap((height) => starts.map((start) => placed(
    Math.max(left, Math.min(start, right - width)), height, width)));
  const inside = found.filter(({ box }) => box.top >= top - ASCENT && box.bottom <= bottom);
  return inside.length ? inside : found;
}

const placed = (x, y, width) => ({
  place: { x: Math.round(x * 10) / 10, y: Math.round(y * 10) / 10 },
  box: { left: x - 2, right: x + width + 2, top: y - ASCENT, bottom: y + DESCENT },
});

function outlineOf({ x, y }, { left, right, top, bottom, toX, toY }) {
  if (x === undefined) return [{ left, right, top: toY(y) - 1, bottom: toY(y) + 1 }];
  return y === undefined ? [{ left: toX(x) - 1, right: toX(x) + 1, top, bottom }] : [around(toX(x), toY(y), 4)];
}

/** Points along the lines, near enough to each other that no name fits between two of them. */
function pointsOfLines({ lines, toX, toY }) {
  return lines.flatMap(({ runs }) => runs.flatMap((run) => run.flatMap(([x, y], index) => {
    const [fromX, fromY] = run[Math.max(0, index - 1)];
    const [dx, dy] = [toX(x) - toX(fromX), toY(y) - toY(fromY)];
    const steps = Math.max(1, Math.ceil(Math.hypot(dx, dy) / SAMPLE_PX));
    return Array.from({ length: steps }, (_, step) => (
      around(toX(fromX) + (dx * (step + 1)) / steps, toY(fromY) + (dy * (step + 1)) / steps, 1)));
  })));
}
