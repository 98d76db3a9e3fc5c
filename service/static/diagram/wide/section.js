/** Section of the layers that the diagram cannot draw whole. */
import { html, nothing } from '../../core/dom.js';
import { count, many, percent } from '../../core/numbers.js';
import { signal } from '../../core/state.js';
import { shownExplanation } from '../answers.js';
import { fan } from './fan.js';
import { heatMap } from './heat_map.js';
import {
  isMapped, readsInputs, sectionLayers, shownLayer, sizeOf, titleOf, weightOf, withoutGradients,
} from './layers.js';
import { matrixAnswer, layerBlocks } from './matrix.js';
import { maps } from './maps.js';
import { imageOf } from './image.js';
import { quantityOf } from './quantity.js';

const chosen = signal(null);

/**
 * Wide layers as their largest edges and a map of all weights; convolutions as maps.
 * @param {object} view
 * @param {import('../answers.js').StepAnswers} view.answers
 * @param {import('../answers.js').Source} view.source
 * @param {import('../answers.js').Clock} view.clock
 * @param {(selection: {layer: string, unit: number, edge: string|null}) => void} view.select
 */
export function wideSection(view) {
  const layers = sectionLayers(view.answers);
  if (!layers.length) return nothing;
  const layer = layers.find(({ name }) => name === view.clock.layer)
    ?? layers.find(({ name }) => name === chosen.value) ?? layers[0];
  return html`<section class="wide-section" aria-labelledby="wide-title">
    <div class="head"><div>
      <h2 id="wide-title">${isMapped(layer) ? 'A layer of images' : 'A wide layer'}</h2>
      <p class="muted">${titleOf(view.answers.batch.layers, layer)}, step ${count(view.answers.step)}, ${
        view.clock.phase}${fromInputs(view, layer)}.</p>
    </div>${layers.length > 1 ? chooser(view, layers, layer) : nothing}</div>
    ${isMapped(layer) ? maps(view, layer) : wideLayer(view, layer)}
  </section>`;
}

function fromInputs({ answers, clock }, layer) {
  if (isMapped(layer)) return '';
  const noun = imageOf(answers, layer) ? 'pixel'
    : readsInputs(answers.batch.layers, layer) ? 'input' : 'unit';
  return `: ${quantityOf(clock).noun} between ${many(sizeOf(layer.in_shape), noun)} and ${
    many(layer.unit_count, 'unit')}`;
}

function chooser(view, layers, layer) {
  const options = layers.map((one) => (
    { value: one.name, text: titleOf(view.answers.batch.layers, one) }));
  const change = (name) => {
    chosen.value = name;
    if (view.clock.layer === layer.name) view.select({ layer: name, unit: 0, edge: null });
  };
  return html`<label class="field"><span>Layer</span><select @change=${(event) => change(event.target.value)}>
    ${options.map(({ value, text }) => html`<option value=${value} ?selected=${value === layer.name}>${text}</option>`)}
  </select></label>`;
}

function wideLayer(view, layer) {
  const shown = shownLayer(view.answers, view.clock, layer.name);
  if (!weightOf(shown)) return html`<p class="muted">Recorded steps have no weights of wide layers.</p>`;
  const answer = matrixAnswer(view, layer, layerBlocks(view, layer).block);
  const units = answer?.value?.explanation.step === view.answers.step
    ? answer.value.explanation.layers[0].units : shown.units;
  return html`<div class="wide-layer">
    <div class="stack">
      <figure class="wide-fan">${fan({ ...view, layer, shown, units })}</figure>
      <p>${sentence(view, shown)}</p>
    </div>
    ${heatMap(view, layer)}
  </div>`;
}

/** The sentence that counts what is drawn of a layer, and what it holds. */
export function sentence(view, shown) {
  const { entries, entries_left_out: left, entries_share: share, zero_gradients: zeros } = weightOf(shown);
  const total = entries.length + left;
  const head = `${count(entries.length)} of ${count(total)} edges drawn`;
  if (share === null) {
    return html`<strong>${head}</strong>. ${zeros === null
      ? withoutGradients(shown) : 'Every gradient of the layer is exactly 0.'}`;
  }
  const { rows } = shownExplanation(view.answers, view.clock);
  return html`<strong>${head}</strong>, those with the largest |∂L/∂w|; they hold ${percent(share)}
    of the layer’s absolute gradient. ${silent(shown, rows)}`;
}

function silent({ activation, silent_units: units, unit_count: all }, rows) {
  if (!units || activation !== 'relu') return nothing;
  return `${count(units)} of ${count(all)} units are off ${rows === 1 ? 'for this row' : 'for every row'}: `
    + 'their lines in the map of gradients are empty.';
}
