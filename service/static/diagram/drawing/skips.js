/** Arcs of residual blocks. */
import { nothing, svg } from '../../core/dom.js';

/** Arc from the values that a residual sum adds, around the block. */
export function skipArc(columns, column, places, network) {
  const from = columns.find((one) => one.key === column.skipFrom);
  if (!from?.units.length) return nothing;
  const isBackward = network.phase === 'backward';
  const boxes = (one) => one.units.map((unit) => places.boxes.get(unit.key));
  const [starts, ends] = [boxes(from), boxes(column)];
  const points = places.isUpright ? sideArc(starts, ends, places.width) : topArc(starts, ends);
  const d = `M${points[0]}C${points[1]} ${points[2]} ${points[3]}`;
  const [x, y] = isBackward ? points[0] : points[3];
  const head = places.isUpright ? `M${x} ${y}l9 -4.5v9Z` : `M${x} ${y}l-4.5 -9h9Z`;
  return svg`<path class="edge plain skip" stroke-width="1.5" d=${d}></path>
    <path class="head plain" d=${head}></path>`;
}

function topArc(starts, ends) {
  const [a, b] = [starts[0], ends[0]];
  const [x0, x1] = [a.x + a.w / 2, b.x + b.w / 2];
  const top = Math.min(a.y, b.y) - 34;
  return [[x0, a.y], [x0, top], [x1, top], [x1, b.y]];
}

function sideArc(starts, ends, width) {
  const [a, b] = [starts.at(-1), ends.at(-1)];
  const [x0, x1] = [a.x + a.w, b.x + b.w];
  const side = width + 4;
  return [[x0, a.y + a.h / 2], [side, a.y + a.h / 2], [side, b.y + b.h / 2], [x1, b.y + b.h / 2]];
}
