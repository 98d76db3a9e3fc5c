/** Convolution and pooling layers as images: the input, the window, and the output. */
import { html, nothing } from '../../core/dom.js';
import { count, long } from '../../core/numbers.js';
import { signal } from '../../core/state.js';
import { theme } from '../../core/theme.js';
import { loadingLine } from '../../parts/loading.js';
import { problemView } from '../../parts/problem.js';
import { shownValue, showsRow } from '../answers.js';
import { cellMap } from './cells.js';
import { feeding, indexOf, positionOf, titleOf } from './layers.js';
import { loaded } from './loaded.js';
import { questionKey } from './matrix.js';
import { channelUnits, windowFrame, windowOf } from './window.js';
import { windowTables } from './window_tables.js';

const MOST_UNITS = 1000;
const MOST_EDGES = 1000;
/** Choices of a person, by the layer's key: `{unit, channel}`. */
const chosen = signal({});

/**
 * @param {{answers: object, source: object, clock: object, select: Function}} view
 * @param {object} layer of the batch
 */
export function maps(view, layer) {
  if (!view.source.explain) return html`<p class="muted">The maps of a layer need a job.</p>`;
  const before = feeding(view.answers.batch.layers, layer);
  const place = placeIn(view, layer);
  const pictures = answerTo(view, 'maps', mapsQuestion(view, layer, before, place));
  const windows = answerTo(view, 'window', windowQuestion(view, layer, place.unit));
  const problem = pictures.problem ?? windows.problem;
  return html`<div class="maps">
    ${loadingLine(pictures, 'Reading the maps…')}
    ${problem ? problemView(problem, { retry: () => { pictures.reload(); windows.reload(); } }) : nothing}
    ${pictures.value && windows.value
      ? drawn({ view, layer, before, place }, pictures.value, windows.value) : nothing}
  </div>`;
}

function placeIn({ clock, source }, layer) {
  const key = `${source.key}.${layer.name}`;
  const { unit = 0, channel = 0 } = chosen.value[key] ?? {};
  const current = clock.layer === layer.name && clock.unit !== null ? clock.unit : unit;
  const index = indexOf(Math.min(current, layer.unit_count - 1), layer.out_shape);
  const isPooling = layer.type !== 'conv2d';
  return {
    key,
    unit: positionOf(index, layer.out_shape),
    index,
    channel: isPooling ? index[2] : Math.min(channel, layer.in_shape[2] - 1),
  };
}

function answerTo({ answers, source, clock }, name, question) {
  const at = { ...clock, row: answers.rowShown?.number ?? clock.row };
  return loaded(source, name, questionKey(answers, at, question), (abort) => (
    source.explain(at, question, { signal: abort })));
}

const rowsOf = (clock) => ({ max_rows: showsRow(clock) ? 1 : 0, formulas: 'none' });

function mapsQuestion({ clock }, layer, before, place) {
  const output = channelUnits(layer.out_shape, place.index[2], place.index[0], MOST_UNITS);
  const asked = { [layer.name]: output.units };
  if (before) asked[before.name] = inputUnits(layer, place).units;
  return { layers: Object.keys(asked), units: asked, top: 0, ...rowsOf(clock) };
}

const windowQuestion = ({ clock }, layer, unit) => (
  { layers: [layer.name], units: { [layer.name]: [unit] }, top: MOST_EDGES, ...rowsOf(clock) });

/** Lines of the input around the window: strides keep their proportion. */
function inputUnits(layer, { index, channel }) {
  const line = Math.floor((index[0] * layer.in_shape[0]) / layer.out_shape[0]);
  return channelUnits(layer.in_shape, channel, line, MOST_UNITS);
}

function drawn(state, pictures, windows) {
  const { view, layer, before } = state;
  const unit = windows.explanation.layers[0].units[0];
  const window = windowOf(unit);
  const input = before && pictures.explanation.layers.find(({ name }) => name === before.name);
  const output = pictures.explanation.layers.find(({ name }) => name === layer.name);
  return html`
    <div class="maps-row">
      ${input ? inputMap(state, input, window) : html`<p class="muted">The input is not an image.</p>`}
      ${windowTables({ view, layer, unit, window, channel: state.place.channel })}
      ${outputMap(state, output)}
    </div>`;
}

function inputMap(state, explained, window) {
  const { view, layer, before, place } = state;
  const { firstLine, lines } = inputUnits(layer, place);
  const values = valuesOf(explained, 'a', view.clock);
  const frame = window ? windowFrame(window, layer.in_shape) : null;
  return html`<figure class="maps-map">
    <figcaption>Input of the layer: ${titleOf(view.answers.batch.layers, before)}</figcaption>
    ${channelChooser(state)}
    ${cellMap({
      key: `input.${place.key}`,
      label: `Input, channel ${place.channel + 1} of ${layer.in_shape[2]}`,
      values,
      columns: layer.in_shape[1],
      isGrey: values.every((value) => value >= 0),
      theme: theme.value,
      marks: frame ? [{ ...frame, line: frame.line - firstLine }] : [],
      describe: (column, line) => placeText(firstLine + line, column, values[line * layer.in_shape[1] + column]),
    })}
    ${linesLeftOut(lines, layer.in_shape)}
  </figure>`;
}

function outputMap({ view, layer, place }, explained) {
  const [row, column, filter] = place.index;
  const { units, firstLine, lines } = channelUnits(layer.out_shape, filter, row, MOST_UNITS);
  const isBackward = view.clock.phase === 'backward';
  const values = valuesOf(explained, isBackward ? 'delta' : 'z', view.clock);
  const columns = layer.out_shape[1];
  const symbol = isBackward ? 'δ' : 'z';
  return html`<figure class="maps-map">
    <figcaption>Output, <span class="symbol">${symbol}</span> of channel ${filter + 1} of ${layer.out_shape[2]}</figcaption>
    ${layer.out_shape[2] > 1 ? filterChooser(view, layer, place) : nothing}
    ${cellMap({
      key: `output.${place.key}`,
      label: `Output, ${symbol} of channel ${filter + 1} of ${layer.out_shape[2]}`,
      values,
      columns,
      theme: theme.value,
      marks: [{ column, line: row - firstLine, columns: 1, lines: 1, kind: 'edge' }],
      describe: (at, line) => `${placeText(firstLine + line, at, values[line * columns + at], symbol)}`,
      select: (at, line) => choose(view, layer, place, { unit: units[line * columns + at] }),
    })}
    <p class="small muted">Enter or a click chooses a value.</p>
    ${linesLeftOut(lines, layer.out_shape)}
  </figure>`;
}

const kept = new WeakMap();

/** Values of the explained units; the same answer gives the same array. */
function valuesOf(explained, name, clock) {
  if (!kept.has(explained)) kept.set(explained, {});
  const values = kept.get(explained);
  values[name] ??= explained.units.map((unit) => shownValue(unit[name], clock));
  return values[name];
}

const placeText = (line, column, value, symbol = 'value') => (
  `row ${line + 1}, column ${column + 1}: ${symbol} ${long(value)}`);

const linesLeftOut = (lines, [height]) => (lines < height
  ? html`<p class="small muted">${count(lines)} of ${count(height)} lines drawn.</p>` : nothing);

function choose(view, layer, place, change) {
  chosen.value = { ...chosen.value, [place.key]: { unit: place.unit, channel: place.channel, ...change } };
  if (change.unit !== undefined) view.select({ layer: layer.name, unit: change.unit, edge: null });
}

function channelChooser({ view, layer, place }) {
  if (layer.type !== 'conv2d' || layer.in_shape[2] < 2) return nothing;
  return numberChooser('Input channel', layer.in_shape[2], place.channel,
    (channel) => choose(view, layer, place, { channel }));
}

const filterChooser = (view, layer, place) => numberChooser(
  'Output channel', layer.out_shape[2], place.index[2], (filter) => choose(view, layer, place, {
    unit: positionOf([place.index[0], place.index[1], filter], layer.out_shape) }));

const numberChooser = (label, length, value, change) => html`<label class="field"><span>${label}</span>
  <select .value=${String(value)} @change=${(event) => change(Number(event.target.value))}>
    ${Array.from({ length }, (_, index) => html`<option value=${index} ?selected=${index === value}>${
      index + 1} of ${length}</option>`)}
  </select></label>`;
