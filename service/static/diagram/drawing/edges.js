/** Edges between units: sign by dash, head and colour, magnitude by width, numbers on plates. */
import { nothing, repeat, svg } from '../../core/dom.js';
import { lazy } from '../../core/lazy.js';
import { signOf } from '../../core/numbers.js';
import { shortText } from '../model/number.js';
import {
  curveBetween, headPath, overlaps, pathOf, plateBox, platePlaces, port, samplesOf, strokeWidth,
} from './geometry.js';
import { textWidth } from './text.js';

const skips = lazy(() => import('./skips.js'));
const ALL_NUMBERS = 12;

/**
 * Edges with their curves.
 * @param {{columns: object[], places: import('./layout.js').Layout, clock: object}} drawing
 */
export function placedEdges({ columns, places, clock }) {
  return columns.flatMap((column, index) => {
    const before = columns[index - 1];
    return column.edges.map((edge) => placedEdge(edge, before, column, places, clock));
  });
}

function placedEdge(edge, before, column, places, clock) {
  const [from, to] = [find(before, edge.source), find(column, edge.target)];
  const [a, b] = [places.boxes.get(from.key), places.boxes.get(to.key)];
  const side = (box) => (places.isUpright ? box.w : box.h);
  const out = ordered(column.edges.filter((one) => one.source === edge.source), 'target');
  const into = ordered(column.edges.filter((one) => one.target === edge.target), 'source');
  const points = curveBetween(a, b, places.isUpright,
    port(out.length, out.indexOf(edge), side(a)), port(into.length, into.indexOf(edge), side(b)));
  const isInto = clock.layer === edge.layer && clock.unit === edge.target;
  const isFrom = clock.layer === before.key && clock.unit === edge.source;
  return {
    edge,
    points,
    isNear: isInto || isFrom,
    // Away from the selected unit; without one, at the end where fewer edges meet.
    isNumberAtSource: isInto || (!isFrom && out.length < into.length),
    isSelected: isInto && clock.edge === edge.edge,
    count: column.edges.length,
  };
}

const ordered = (edges, end) => edges.sort((one, other) => one[end] - other[end]);
const find = (column, unit) => column.units.find((one) => one.unit === unit);

/** Lines and arrow heads of all edges; those of the selected unit come last. */
export function edgeLines(placed, { places, network, hasSelection, select }) {
  const isBackward = network.phase === 'backward';
  const sorted = [...placed].sort((one, other) => one.isNear - other.isNear);
  return repeat(sorted, ({ edge }) => edge.key, ({ edge, points, isNear, isSelected }) => {
    const { value } = edge.value;
    const sign = edge.value.state === 'known' ? signOf(value) : 'plain';
    const hasHead = !(sign === 'zero' && isBackward);
    const classes = `${sign}${isNear || !hasSelection ? '' : ' dim'}${isSelected ? ' on' : ''}`;
    return svg`<g class="wire" @click=${() => select({
        layer: edge.layer, unit: edge.target, edge: edge.edge })}>
      <path class="hit" d=${pathOf(points, places.isUpright, { hasHead: false })}></path>
      <path class="edge ${classes}" stroke-width=${strokeWidth(value).toFixed(1)}
        data-edge=${edge.key} data-value=${value ?? nothing} data-path=${edge.value.path ?? nothing}
        d=${pathOf(points, places.isUpright, { hasHead, isBackward })}></path>
      ${hasHead ? svg`<path class="head ${classes}"
        d=${headPath(points, places.isUpright, isBackward)}></path>` : nothing}</g>`;
  });
}

/** Numbers of the selected unit's edges; without a selection of few edges all. */
export function edgeNumbers(placed, { places, hasSelection, select }) {
  const shown = placed.filter((one) => one.edge.value.state === 'known'
    && (hasSelection ? one.isNear : one.count <= ALL_NUMBERS));
  const taken = [...places.boxes.values(), ...textsOf(places)];
  const lines = linesOf(placed, shown);
  return repeat(shown, ({ edge }) => edge.key, (one) => {
    const { edge, points, isSelected } = one;
    const text = shortText(edge.value);
    const width = textWidth(text, 12) + 6;
    const free = platePlaces(points, places.isUpright, width, one.isNumberAtSource)
      .map((place) => inside(place, width, points, places));
    const clear = uncrossed(
      free.filter((at) => !taken.some((box) => overlaps(box, plateBox(at, width)))), width, one, lines);
    // Numbers of the selected unit are always there; of the others those that have room.
    if (!clear && !one.isNear) return nothing;
    const place = clear ?? free[0];
    const plate = plateBox(place, width);
    taken.push(plate);
    return svg`<g class="plate-group ${isSelected ? 'on' : ''}" @click=${() => select({
        layer: edge.layer, unit: edge.target, edge: edge.edge })}>
      <rect class="plate" x=${plate.x.toFixed(1)} y=${plate.y.toFixed(1)}
        width=${width.toFixed(1)} height="18" rx="4"></rect>
      <text class="number ${signOf(edge.value.value)}" x=${place[0].toFixed(1)}
        y=${(place[1] + 4).toFixed(1)} text-anchor="middle" data-value=${edge.value.value}
        data-path=${edge.value.path}>${text}</text></g>`;
  });
}

/** Points of the edges of layers that show numbers; where many edges cross, no place is without one. */
function linesOf(placed, shown) {
  const layers = new Set(shown.map(({ edge }) => edge.layer));
  return placed.filter(({ edge, count }) => count <= ALL_NUMBERS && layers.has(edge.layer))
    .map((one) => ({ one, samples: samplesOf(one.points) }));
}

/** The first place without another edge, whose number it would seem to be; otherwise the first. */
function uncrossed(free, width, own, lines) {
  const others = lines.filter(({ one }) => one !== own);
  const isCrossed = (at) => {
    const { x, y, w, h } = plateBox(at, width);
    return others.some(({ samples }) => samples.some(([px, py]) => (
      px > x && px < x + w && py > y && py < y + h)));
  };
  return free.find((at) => !isCrossed(at)) ?? free[0];
}

/** Upright, titles and the texts below units stand between the units. */
const textsOf = ({ titles, boxes, isUpright }) => (isUpright ? [
  ...titles.map(({ x, y }) => ({ x, y: y - 13, w: 190, h: 18 })),
  ...[...boxes.values()].filter(({ tail }) => tail)
    .map(({ x, y, w, h, tail }) => ({ x, y: y + h, w, h: tail })),
] : []);

/** A place moved into the drawing, and between the two units, so that it covers none. */
function inside([x, y], width, points, { isUpright, width: whole }) {
  const [low, high] = isUpright ? [0, whole] : [points[0][0] + 2, points[3][0] - 2];
  if (high - low < width) return [(low + high) / 2, y];
  return [Math.min(high - width / 2, Math.max(low + width / 2, x)), y];
}

/** Lines without a weight: elementwise layers, the loss, and the arc of a residual block. */
export function plainLines({ columns, places, network }) {
  return columns.flatMap((column, index) => {
    const before = columns[index - 1];
    if (!before) return [];
    const lines = column.links.map(([source, target]) => straight(
      find(before, source), find(column, target), places, network));
    if (column.kind === 'loss') lines.push(...lossLines(before, column, places, network));
    if (column.skipFrom) lines.push(skips()?.skipArc(columns, column, places, network) ?? nothing);
    return lines;
  });
}

function straight(from, to, places, network, into = 0, isDim = false) {
  const points = curveBetween(
    places.boxes.get(from.key), places.boxes.get(to.key), places.isUpright, 0, into);
  const isBackward = network.phase === 'backward';
  const dim = isDim ? ' dim' : '';
  return svg`<path class="edge plain${dim}" stroke-width="1.5"
      d=${pathOf(points, places.isUpright, { hasHead: true, isBackward })}></path>
    <path class="head plain${dim}" d=${headPath(points, places.isUpright, isBackward)}></path>`;
}

function lossLines(before, column, places, network) {
  const isDim = network.phase === 'forward' || network.phase === 'update';
  const [loss] = column.units;
  const box = places.boxes.get(loss.key);
  return before.units.map((unit, index) => straight(unit, loss, places, network,
    port(before.units.length, index, places.isUpright ? box.w : box.h), isDim));
}
