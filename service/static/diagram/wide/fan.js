/** The edges of a wide layer that are drawn: those with the largest gradients. */
import { html, nothing, ref, svg } from '../../core/dom.js';
import { count, short, signOf } from '../../core/numbers.js';
import { theme } from '../../core/theme.js';
import { cut, textWidth } from '../../parts/charts/labels.js';
import { showsRow } from '../answers.js';
import { edgePath, fanLayout, headPath } from './fan_layout.js';
import { channelOf, imageOf, placeOf } from './image.js';
import { inputNames, sizeOf, unitLabels, unitNames, weightOf } from './layers.js';
import { limitOf, pictureOf, themeColours } from './pixels.js';
import { entryValue, quantityOf, unitQuantity } from './quantity.js';
import { observedWidth } from './width.js';

const LONGEST_LABEL = 11;
/** Many edges meet in one point here. */
const THINNER = 0.5;
const pictures = new WeakMap();
const measured = observedWidth(720);

/** Width of an edge's stroke: the same scale as in the diagram. */
export const strokeWidth = (value) => (value === 0 ? 1.25
  : 1 + 1.5 * Math.min(3.4, Math.max(0, Math.log10(Math.abs(value)) + 3)));

/**
 * Drawing of the largest entries of a layer's weights.
 * @param {{answers: object, clock: object, layer: object, shown: object, units: object[]}} drawn
 *   `layer` of the batch, `shown` of the row or the batch; `units` are explained units of the layer
 */
export function fan({ answers, clock, layer, shown, units }) {
  const edges = weightOf(shown).entries.map((entry) => (
    { entry, input: entry.index[0], unit: entry.index[1], value: entryValue(entry, clock) }));
  const image = imageOf(answers, layer);
  const inputs = inputNames(answers, layer);
  const place = fanLayout(edges.map(({ input, unit }) => [input, unit]), measured.width.value, {
    hasImage: image !== null, isOutput: layer.name === 'output',
    labelWidth: Math.max(...edges.map(({ input }) => textWidth(inputs(input)))),
  });
  const names = unitNames(answers, layer);
  const labels = unitLabels(answers, layer);
  return html`<div class="fan" ${ref(measured.observe)}>
    <svg width=${place.width} height=${place.height} viewBox="0 0 ${place.width} ${place.height}"
        role="img" aria-label=${describe(edges, answers, layer, clock)}>
      ${image ? inputImage(answers, clock, image, place) : nothing}
      ${heads(place, layer, clock)}
      ${[...edges].reverse().map((edge) => drawnEdge(edge, place, clock))}
      ${place.inputs.map((one) => inputLabel(one, place, inputs(one.input)))}
      ${place.units.map((one) => unitBox(one, place, names(one.unit), labels(one.unit),
        units.find(({ unit }) => unit === one.unit), clock))}
    </svg>
  </div>`;
}

function describe(edges, answers, layer, clock) {
  const names = inputNames(answers, layer);
  const largest = edges.slice(0, 3).map(({ input, unit, value }) => (
    `${names(input)} to ${unitNames(answers, layer)(unit)}: ${short(value)}`));
  return `${edges.length} edges, ${quantityOf(clock).one}; the first: ${largest.join('; ')}`;
}

const heads = (place, layer, clock) => svg`
  <text class="fan-caption" text-anchor=${place.isSlim || !place.image ? 'start' : 'end'}
    x=${place.isSlim || !place.image ? 0 : place.inputs[0].x} y=${place.top - 18}>${
  place.inputs.length} of ${count(sizeOf(layer.in_shape))} inputs</text>
  <text class="fan-caption" text-anchor="end" x=${place.width} y=${place.top - 18}>${
  place.units.length} of ${count(layer.unit_count)} units, ${clock.phase === 'backward' ? 'δ' : 'a'}</text>`;

function drawnEdge({ input, unit, value }, place, clock) {
  const from = place.inputs.find((one) => one.input === input);
  const to = place.units.find((one) => one.unit === unit);
  const isBackward = clock.phase === 'backward';
  const sign = value === null ? 'plain' : signOf(value);
  return svg`<path class="fan-edge ${sign}" stroke-width=${(strokeWidth(value ?? 0) * THINNER).toFixed(2)}
      d=${edgePath(from, to, { isBackward })} data-value=${value}></path>
    ${sign === 'zero' && isBackward ? nothing
      : svg`<path class="fan-head ${sign}" d=${headPath(from, to, { isBackward })}></path>`}`;
}

function inputLabel({ x, y }, { isSlim }, name) {
  const most = isSlim ? LONGEST_LABEL - 2 : LONGEST_LABEL;
  const text = name.length > most ? `${name.slice(0, most - 1)}…` : name;
  return svg`<text class="fan-label" text-anchor="end" x=${x - 8} y=${y + 4}>${text}<title>${name}</title></text>`;
}

function unitBox({ x, y, unit }, { unit: size }, name, label, explained, clock) {
  const { quantity } = explained ? unitQuantity(explained, clock) : { quantity: null };
  const value = quantity ? (showsRow(clock) ? quantity.rows[0] ?? quantity.batch : quantity.batch) : null;
  const number = value === null ? '' : short(value);
  // Names are drawn in 15 px and numbers in 13, of 12 that are measured.
  const text = cut(label, (size.width - 28 - textWidth(number) * 13 / 12) * 12 / 15);
  return svg`<g data-unit=${unit}>
    <rect class="fan-unit" x=${x} y=${y - size.height / 2} width=${size.width} height=${size.height} rx="6"></rect>
    <text class="fan-symbol" x=${x + 10} y=${y + 5}>${text}<title>${name}</title></text>
    <text class="fan-value" text-anchor="end" x=${x + size.width - 10} y=${y + 5} data-value=${value}>${number}</text></g>`;
}

function inputImage(answers, clock, image, place) {
  const { x, y, size } = place.image;
  const cell = size / Math.max(image.lines, image.columns);
  const row = showsRow(clock) ? answers.rowShown : null;
  return svg`
    <text class="fan-caption" x=${x} y=${y - 18}>${row ? rowCaption(row) : 'Inputs of these edges'}</text>
    <rect class="fan-frame" x=${x} y=${y} width=${image.columns * cell} height=${image.lines * cell}></rect>
    ${row ? svg`<image class="fan-picture" x=${x} y=${y} width=${image.columns * cell}
      height=${image.lines * cell} preserveAspectRatio="none" href=${rowPicture(row, image, answers.rows.inputs)}></image>` : nothing}
    ${place.inputs.map(({ input }) => {
      const { line, column } = placeOf(input, image);
      return svg`<rect class="fan-mark" x=${x + column * cell + 1} y=${y + line * cell + 1}
        width=${cell - 2} height=${cell - 2}></rect>`;
    })}`;
}

const rowCaption = ({ number }) => (number === null ? 'Your row' : `Row ${number}`);

/** The pixels as they were read, else as the network gets them. */
function pixelsOf({ values, encoded }, inputs) {
  const read = inputs.map(({ column }) => values[column]);
  return read.length === encoded.length && read.every(Number.isFinite) ? read : encoded;
}

function rowPicture(row, image, inputs) {
  const kept = pictures.get(row.encoded);
  if (kept?.theme === theme.value) return kept.address;
  const values = channelOf(pixelsOf(row, inputs), image, 0);
  const address = pictureOf({
    values, columns: image.columns, limit: limitOf(values), colours: themeColours(),
    isGrey: values.every((value) => value >= 0),
  });
  pictures.set(row.encoded, { theme: theme.value, address });
  return address;
}
