/** The glyph in a unit: its activation curve with the very points, or the bars of a softmax. */
import { nothing, svg } from '../../core/dom.js';
import { lazy } from '../../core/lazy.js';
import { readRecorded } from '../sources/recorded.js';

const WIDTH = 30;
const HEIGHT = 26;
const BATCH_POINTS = 100;

// Drawn part of z: that which the engine sampled.
const [LOW, HIGH] = [-3, 3];
const samples = new Map();

/** Points of an activation's curve, as the engine sampled them; null until they are loaded. */
function sampled(activation) {
  if (!samples.has(activation)) {
    samples.set(activation, lazy(() => readRecorded(`activations/${activation}.json`)));
  }
  return samples.get(activation)();
}

/** Glyph of a unit at x, y. `phase` decides about the tangent. */
export function glyph(unit, x, y, { phase, isRow }) {
  if (unit.bars) return bars(unit.bars, x, y);
  const points = unit.curve && sampled(unit.curve.activation);
  return points ? curve(unit.curve, points, x, y, phase === 'backward' && isRow) : nothing;
}

function curve({ points, slope }, { z, a }, x, y, hasTangent) {
  const scale = scaleOf(Math.min(...a, 0), Math.max(...a), x, y);
  const line = z.map((one, index) => `${fixed(scale.x(one))} ${fixed(scale.y(a[index]))}`).join('L');
  const [point] = points;
  return svg`<path class="axis" d="M${x} ${fixed(scale.y(0))}h${WIDTH}M${fixed(scale.x(0))} ${y}v${HEIGHT}"></path>
    <path class="function" d="M${line}"></path>
    ${hasTangent && point && slope !== null ? tangent(point, slope, scale) : nothing}
    ${dots(points, scale)}`;
}

function scaleOf(low, high, x, y) {
  const margin = (high - low) * 0.06;
  const [bottom, top] = [low - margin, high + margin];
  return {
    x: (z) => x + (clamp(z, LOW, HIGH) - LOW) / (HIGH - LOW) * WIDTH,
    y: (a) => y + HEIGHT - (clamp(a, bottom, top) - bottom) / (top - bottom) * HEIGHT,
    perZ: WIDTH / (HIGH - LOW),
    perA: HEIGHT / (top - bottom),
  };
}

/** A line through the point with the slope of the answer, of the same length at every slope. */
function tangent({ z, a }, slope, scale) {
  const rise = slope * scale.perA / scale.perZ;
  const run = 9 / Math.sqrt(1 + rise * rise);
  const [x, y] = [scale.x(z), scale.y(a)];
  return svg`<path class="tangent" d="M${fixed(x - run)} ${fixed(y + run * rise)}L${
    fixed(x + run)} ${fixed(y - run * rise)}"></path>`;
}

/** All points are one path: lines of no length with round ends. */
function dots(points, scale) {
  const d = points.slice(0, BATCH_POINTS)
    .map(({ z, a }) => `M${fixed(scale.x(z))} ${fixed(scale.y(a))}h0`).join('');
  return svg`<path class="dots" stroke-width=${points.length > 1 ? 3.2 : 6} d=${d}></path>`;
}

function bars({ values, position }, x, y) {
  const each = WIDTH / values.length;
  const d = (isOwn) => values.flatMap((value, index) => ((index === position) === isOwn
    ? [`M${fixed(x + index * each + 0.5)} ${y + HEIGHT}v${
      fixed(-Math.max(1, value * HEIGHT))}h${fixed(Math.max(1, each - 1))}V${y + HEIGHT}Z`] : [])).join('');
  return svg`<path class="other-bars" d=${d(false)}></path><path class="own-bar" d=${d(true)}></path>
    <path class="axis" d="M${x} ${y + HEIGHT + 0.5}h${WIDTH}"></path>`;
}

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const fixed = (value) => value.toFixed(1);
