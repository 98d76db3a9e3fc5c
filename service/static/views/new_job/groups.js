/** The fields of the request besides dataset, target and layers, in groups. */
import { html } from '../../core/dom.js';
import { isSet } from './fields.js';
import { isOpened } from './layers.js';
import { fieldView, kindField, kindMembers } from './object_fields.js';
import { regularizationGroup } from './regularization.js';
import { fieldsOf } from './schema.js';
import { textOf } from './scalars.js';
import { isContainer } from './pointers.js';

const TRAINING = ['optimizer', 'batch_size', 'epochs', 'loss'];
const MOST_COLUMNS = 200;
const isRate = (name) => name === 'learning_rate';
/** Names of the groups, their fields in order. What is in none is in the last. */
const GROUPS = [
  ['Learning rate schedule and clipping', ['schedule', 'gradient_clip']],
  ['Stopping', ['early_stopping', 'max_seconds', 'on_finding', 'on_divergence']],
  ['Validation and test', ['validation', 'test']],
  ['Metrics and weights of rows', ['metrics', 'class_weight', 'sample_weight']],
  ['Inputs and preprocessing', ['features', 'input_shape', 'preprocessing']],
  ['Seed and precision', ['seed', 'shuffle', 'dtype']],
  ['Start, priority and notices', ['start_from', 'priority', 'external_id', 'webhook', 'metadata']],
];
const ELSEWHERE = ['dataset_id', 'target', 'task', 'name', 'network', ...TRAINING];

/** Fields of the request by name. */
export const requestFields = (document) => (
  new Map(fieldsOf({ $ref: '#/components/schemas/JobRequest' }, document).map((field) => [field.name, field])));

/** The card of what matters most in a training. */
export function trainingCard(form, fields) {
  const kinds = ['optimizer', 'loss'].map((name) => [[name], fields.get(name)]);
  const isWrong = kinds.some(([path]) => form.errorsAt(path).some(({ pointer }) => pointer !== `/${path[0]}` && !pointer.endsWith('learning_rate')));
  if (isWrong) form.opened.add('/training');
  return html`<div class="card"><div class="fields">
      ${kindField(form, ['optimizer'], fields.get('optimizer'))}
      ${kindMembers(form, ['optimizer'], fields.get('optimizer'), isRate)}
      ${['batch_size', 'epochs'].map((name) => fieldView(form, [name], fields.get(name)))}
      ${kindField(form, ['loss'], fields.get('loss'))}</div>
    <details ?open=${form.opened.has('/training')}><summary>More of optimizer and loss</summary><div class="fields">
      ${kinds.map(([path, field]) => kindMembers(form, path, field, (name) => !isRate(name)))}</div></details></div>`;
}

/** The other groups, closed unless something in them is wrong. */
export function groupList(form, fields) {
  const known = new Set([...ELSEWHERE, ...GROUPS.flatMap(([, names]) => names)]);
  const others = [...fields.keys()].filter((name) => !known.has(name));
  const groups = others.length ? [...GROUPS, ['Other settings', others]] : GROUPS;
  return html`<div class="groups">${regularizationGroup(form)}${groups.map(([title, names]) => group(form, title, names.flatMap((name) => fields.get(name) ?? [])))}</div>`;
}

function group(form, title, fields) {
  const set = fields.filter((field) => isSet(form, [field.name], field));
  return html`<details class="group" ?open=${isOpened(form, [], fields)}><summary><span class="h3">${title}</span>
    <span class="small faint">${set.length ? set.map((field) => saysOf(form, field)).join(' · ') : 'default'}</span></summary>
    <div class="fields">${fields.map((field) => fieldView(form, [field.name], withColumns(form, field)))}</div></details>`;
}

/** Features are chosen among the columns, unless those are too many to be shown. */
function withColumns(form, field) {
  const columns = form.columns();
  const isChosen = field.name === 'features' && columns.length > 0 && columns.length <= MOST_COLUMNS;
  return isChosen ? { ...field, kind: 'set', words: columns } : field;
}

/** A set value in a few words: `Seed 7`, `Schedule cosine`. */
function saysOf(form, field) {
  const value = form.valueAt([field.name]);
  if (value === null) return `no ${field.label.toLowerCase()}`;
  const text = isContainer(value) && !Array.isArray(value) ? value.type ?? '' : textOf(value);
  return `${field.label} ${text.length > 24 ? `${text.slice(0, 24)}…` : text}`.trim();
}
