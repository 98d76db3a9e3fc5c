/** Fields of the top: dataset, name, targets and task. */
import { html, live, nothing } from '../../core/dom.js';
import { count, many } from '../../core/numbers.js';
import { errorText, labelled, selectOf, simpleField } from './fields.js';
import { idOf } from './form.js';

const FEW_VALUES = 20;

/**
 * @param {object} form @param {Map<string, object>} fields of the request
 * @param {{datasets: object[], dataset: object|null, chooseDataset: (id: string) => void}} options
 */
export const topFields = (form, fields, options) => html`<div class="top-fields">
  ${datasetField(form, options)}
  ${simpleField(form, ['name'], fields.get('name'))}
  ${targetField(form, fields.get('target'), options.dataset)}
  ${taskField(form, fields.get('task'))}
</div>`;

function datasetField(form, { datasets, dataset, chooseDataset }) {
  const id = form.valueAt(['dataset_id']);
  const listed = dataset && !datasets.some((one) => one.id === dataset.id) ? [dataset, ...datasets] : datasets;
  const isListed = listed.some((one) => one.id === id);
  return labelled(form, ['dataset_id'], { label: 'Dataset' }, ({ id: name, described, invalid }) => html`
    <select id=${name} aria-describedby=${described} aria-invalid=${invalid} @change=${(event) => chooseDataset(event.target.value)}>
      ${isListed ? nothing : html`<option value="" .selected=${live(true)}>${id ? String(id) : 'Choose a table'}</option>`}
      ${listed.map((one) => html`<option value=${one.id} .selected=${live(one.id === id)}>${
        one.name || one.id}, ${count(one.rows)} rows</option>`)}</select>`);
}

function targetField(form, field, dataset) {
  const path = ['target'];
  const value = form.valueAt(path);
  if (form.valueAt(['task']) === 'reconstruction') return html`<div class="field"><span>Target</span>
    <p class="muted">The inputs themselves: reconstruction has no target.</p></div>`;
  const several = Array.isArray(value);
  const targets = several ? value : [value];
  const set = (next) => form.set(path, next.length > 1 ? next : next[0]);
  const errors = several ? form.errorsAt(path, { isWhole: false }) : [];
  return html`<div class="targets" role="group" aria-label="Target">
    ${targets.map((target, index) => oneTarget(form, several ? ['target', String(index)] : path, { target, targets, index, dataset, set, field }))}
    ${errorText(`${idOf(path)}-all`, errors)}
    ${dataset ? html`<button type="button" class="button quiet small" @click=${() => set([...targets, otherColumn(dataset, targets)])}>Predict another column too</button>` : nothing}
  </div>`;
}

function oneTarget(form, path, { target, targets, index, dataset, set, field }) {
  const replaced = (next) => targets.map((one, position) => (position === index ? next : one));
  const columns = dataset?.columns ?? [];
  const isKnown = columns.some((column) => column.name === target);
  const label = targets.length > 1 ? `Target ${index + 1}` : 'Target';
  return html`<div class="target">${labelled(form, path, { ...field, label }, ({ id, described, invalid }) => html`
    <select id=${id} aria-describedby=${described} aria-invalid=${invalid} @change=${(event) => set(replaced(event.target.value))}>
      ${isKnown ? nothing : html`<option value=${target ?? ''} .selected=${live(true)}>${target ?? 'Choose the column to predict'}</option>`}
      ${columns.map((column) => html`<option value=${column.name} .selected=${live(column.name === target)}>${
        column.name}, ${kindText(column)}</option>`)}</select>`)}
    ${targets.length > 1 ? html`<button type="button" class="button quiet" aria-label=${`Remove target ${index + 1}`}
      @click=${() => set(targets.filter((_, position) => position !== index))}>Remove</button>` : nothing}</div>`;
}

/** Kind of a column for people: `numeric`, `categorical, 10 values`. */
function kindText({ kind, cardinality }) {
  const isCounted = cardinality !== null && (kind === 'categorical' || cardinality <= FEW_VALUES);
  return isCounted ? `${kind}, ${many(cardinality, 'value')}` : kind;
}

const otherColumn = ({ columns }, targets) => (
  columns.findLast((column) => !targets.includes(column.name)) ?? columns[0]).name;

function taskField(form, field) {
  const choose = (word) => {
    if (word === 'reconstruction') form.set(['target'], undefined);
    form.set(['task'], word);
  };
  return labelled(form, ['task'], field, (attributes) => selectOf(form, ['task'], field, attributes, field.words, choose));
}
