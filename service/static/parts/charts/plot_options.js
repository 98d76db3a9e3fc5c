/** Options of uPlot: the same axes, strokes and names as those of the static charts. */
import { isDrawable, placeOf } from './axis.js';
import { cut, spread } from './labels.js';
import { BESIDE, BOTTOM, LABEL_PX, leftAxis, lowerAxis, roomForNames, TOP } from './layout.js';
import { strokeOf } from './strokes.js';

const LINE_PX = 1.75;

/**
 * Axes and edges of a plot.
 * @param {import('../chart.js').ChartOptions} chart
 */
export function planOf({ series, x, height }, { width, isLog }) {
  const { axis: yAxis, left } = leftAxis(joined(series), height - TOP - BOTTOM, isLog);
  const right = roomForNames(series.map(({ name }) => name), x.name, width);
  const xAxis = lowerAxis(x.values, width - left - right, { isLog: false, isWhole: x.isWhole });
  return { width, height, left, right, xAxis, yAxis, xName: x.name, series };
}

/** Columns that uPlot draws: what cannot be drawn on the axis is a gap. */
export function columnsOf({ series, x }, { yAxis }) {
  return [x.values, ...series.map(({ values }) => (
    yAxis.isLog ? values.map((value) => (value === undefined || isDrawable(yAxis, value) ? value : null)) : values))];
}

/**
 * Options of uPlot.
 * @param {{plan: () => ReturnType<typeof planOf>, colour: (token: string) => string,
 *   font: () => string, moved: (index: number|null) => void}} sources read at each drawing
 */
export function optionsOf({ plan, colour, font, moved }) {
  const { width, height, series, yAxis } = plan();
  const axis = (own) => ({
    font: font(), stroke: () => colour('ink-2'), ticks: { show: false }, grid: { show: false }, ...own,
  });
  return {
    width,
    height,
    padding: [TOP, () => plan().right, 0, 0],
    legend: { show: false },
    scales: {
      x: { time: false, range: () => limitsOf(plan().xAxis) },
      y: { distr: yAxis.isLog ? 3 : 1, range: () => limitsOf(plan().yAxis) },
    },
    axes: [
      axis({ size: BOTTOM, gap: 8, ...ticksOf(() => plan().xAxis) }),
      axis({
        size: () => plan().left,
        gap: BESIDE,
        grid: { stroke: () => colour('line'), width: 1 },
        ...ticksOf(() => plan().yAxis),
      }),
    ],
    series: [{}, ...series.map((line, index) => lineOf(line, index, colour))],
    cursor: cursorOf(series, colour),
    hooks: {
      draw: [(plot) => drawNames(plot, plan(), colour, font())],
      setCursor: [(plot) => moved(plot.cursor.left >= 0 ? plot.cursor.idx ?? null : null)],
    },
  };
}

const limitsOf = ({ lo, hi }) => [lo, hi];

const ticksOf = (axis) => ({
  splits: () => axis().ticks.map(({ value }) => value),
  values: () => axis().ticks.map(({ text }) => text),
  filter: (plot, splits) => splits,
});

function lineOf({ style }, index, colour) {
  const { token, dash } = strokeOf(style ?? index);
  return {
    stroke: () => colour(token),
    width: LINE_PX,
    pxAlign: 0,
    dash: dash.length ? dash : undefined,
    points: { show: true, size: 5, width: 0, fill: () => colour(token), filter: lonelyPoints },
  };
}

/** Points without neighbours: no line shows them. */
function lonelyPoints(plot, seriesIndex) {
  const values = plot.data[seriesIndex];
  const isThere = (index) => values[index] !== null && values[index] !== undefined;
  const found = [];
  for (let index = 0; index < values.length; index += 1) {
    if (isThere(index) && !isThere(index - 1) && !isThere(index + 1)) found.push(index);
  }
  return found;
}

function cursorOf(series, colour) {
  const fill = (plot, index) => colour(strokeOf(series[index - 1].style ?? index - 1).token);
  return {
    y: false,
    drag: { x: false, y: false, setScale: false },
    points: { size: 7, width: 0, fill, stroke: fill },
  };
}

/** Names at the lines' ends, and that of the axis below. */
function drawNames({ ctx, data, bbox }, { series, right, xAxis, yAxis, xName }, colour, font) {
  const ratio = devicePixelRatio;
  const top = bbox.top / ratio;
  const edge = (bbox.left + bbox.width) / ratio;
  const bottom = (bbox.top + bbox.height) / ratio;
  const toY = (value) => bottom - placeOf(yAxis, value) * (bottom - top);
  const toX = (value) => bbox.left / ratio + placeOf(xAxis, value) * bbox.width / ratio;
  const ends = series.map((line, index) => endOf(line, index, data)).filter((end) => end !== null);
  const places = spread(ends.map(({ value }) => toY(value)), LABEL_PX, top, bottom - 2);
  ctx.save();
  ctx.scale(ratio, ratio);
  Object.assign(ctx, { textBaseline: 'middle', textAlign: 'left', font, fillStyle: colour('ink-2') });
  ctx.fillText(xName, edge + 2 * BESIDE, bottom + BOTTOM / 2 + 1);
  ctx.font = `500 ${font}`;
  ends.forEach(({ x, value, name, token }, index) => {
    leader(ctx, [toX(x), toY(value)], [edge + BESIDE - 3, places[index]], colour('line-strong'));
    ctx.fillStyle = colour(token);
    ctx.fillText(cut(name, right - BESIDE, 500), edge + BESIDE, places[index]);
  });
  ctx.restore();
}

function endOf({ name, style }, index, [xs, ...columns]) {
  const values = columns[index];
  let last = values.length - 1;
  while (last >= 0 && !Number.isFinite(values[last] ?? NaN)) last -= 1;
  if (last < 0) return null;
  return { name, x: xs[last], value: values[last], token: strokeOf(style ?? index).token };
}

/** Thin line from an end to its name, where they do not stand side by side. */
function leader(ctx, [x, y], [toX, toY], stroke) {
  if (Math.abs(toY - y) <= LABEL_PX && toX - x <= 2 * BESIDE) return;
  ctx.beginPath();
  ctx.moveTo(x + 4, y);
  ctx.lineTo(toX, toY);
  Object.assign(ctx, { strokeStyle: stroke, lineWidth: 0.75 });
  ctx.setLineDash([]);
  ctx.stroke();
}

function* joined(series) {
  for (const { values } of series) yield* values;
}
