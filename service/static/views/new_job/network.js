/** The network as cards: input, layers, output. */
import { html, nothing } from '../../core/dom.js';
import { count } from '../../core/numbers.js';
import { change } from './draft.js';
import { errorText } from './fields.js';
import { idOf } from './form.js';
import { LAYERS } from './layer_list.js';
import { layerList, moreFields, sizeOf } from './layers.js';
import { withValue } from './pointers.js';
import { presetButtons } from './presets.js';
import { fieldsOf } from './schema.js';

/** The section of the network. @param {object} session */
export function networkSection({ form, draft, actions }) {
  const answer = form.checking.valid.value?.answer;
  const layers = form.valueAt(LAYERS) ?? [];
  const errors = [['network'], LAYERS].flatMap((path) => form.errorsAt(path, { isWhole: false }));
  return html`<section class="architecture stack" aria-labelledby="network-title">
    <div class="head"><h2 id="network-title">Network</h2>${presetButtons({
      inputShape: draft.spec.value?.input_shape ?? null,
      inFeatures: answer?.in_features ?? null,
      apply: (preset) => applyPreset(draft, preset),
    })}</div>
    <div class="cards">
      ${inputCard(answer)}
      <div id=${idOf(LAYERS)} tabindex="-1" role="group" aria-label="Layers">${layerList(form, LAYERS, { layers: Array.isArray(layers) ? layers : [], actions })}</div>
      ${errorText(idOf(LAYERS), errors)}
      ${outputCard(form, answer)}
    </div>
    <div role="status" class="hidden">${actions.announced.value}</div>
  </section>`;
}

function applyPreset(draft, { name, says, layers, shape }) {
  const sentence = `${name}: ${says}.`;
  change(draft, (spec) => {
    const next = withValue(spec, LAYERS, layers());
    return shape ? withValue(next, ['input_shape'], shape) : next;
  }, sentence);
}

const inputCard = (answer) => html`<div class="card layer" role="group" aria-label="Input"><div class="layer-head">
  <h3>Input</h3><p class="size">${answer ? count(answer.in_features) : 'later'}</p></div>
  ${answer ? html`<p class="small muted">${count(answer.in_features)} numbers per row, from ${count(answer.spec.features.length)} columns${
    answer.spec.input_shape ? html`, as ${answer.spec.input_shape.join(' × ')}` : nothing}</p>` : nothing}</div>`;

function outputCard(form, answer) {
  const output = answer?.spec.network.output;
  const fields = fieldsOf({ $ref: '#/components/schemas/OutputSpec' }, form.document);
  return html`<div class="card layer" role="group" aria-label="Output" id=${idOf(['network', 'output'])} tabindex="-1"><div class="layer-head">
    <h3>Output</h3>${sizeOf(form, 'output')}</div>
    ${output ? html`<p class="small muted">Dense, ${output.activation}, ${answer.spec.task}</p>` : nothing}
    ${moreFields(form, ['network', 'output'], fields)}
    ${errorText(idOf(['network', 'output']), form.errorsAt(['network', 'output'], { isWhole: false }))}</div>`;
}
