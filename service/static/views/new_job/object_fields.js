/** Fields of objects: kinds with a name, records, variants, and records by column. */
import { html, live, nothing, repeat } from '../../core/dom.js';
import { errorText, hint, labelled, selectOf, simpleField } from './fields.js';
import { idOf } from './form.js';
import { isContainer } from './pointers.js';
import { isUnset } from './scalars.js';

const STARTS = { folds: 5 };

/**
 * Field of any value, or fields, generated from the schema.
 * @param {object} form @param {string[]} path @param {import('./schema.js').Field} field
 */
export function fieldView(form, path, field) {
  const views = { typed, record, variants, map };
  return (views[field.kind] ?? simpleField)(form, path, field);
}

/** Fields of the members of an object. */
export const memberFields = (form, path, fields) => (
  fields.map((field) => fieldView(form, [...path, field.name], field)));

/** A kind by its name, and the fields of that kind. */
const typed = (form, path, field) => html`${kindField(form, path, field)}${kindMembers(form, path, field)}`;

/** The name of a kind. */
export function kindField(form, path, field) {
  const variant = variantNow(form, path, field);
  const described = { ...field, description: [field.description, variant?.description].filter(Boolean).join(' ') };
  return labelled(form, path, described, (attributes) => (
    selectOf(form, path, field, attributes, field.words, (word) => form.set(path, startOf(field, word)))), { isWhole: false });
}

/** The fields of a kind, those that `isShown` accepts by their names. */
export function kindMembers(form, path, field, isShown = () => true) {
  const variant = variantNow(form, path, field);
  if (!variant) return nothing;
  const own = { ...form, set: (at, next) => setMember(form, path, field, variant.name, at.at(-1), next) };
  return memberFields(own, path, variant.fields.filter((one) => isShown(one.name)));
}

function variantNow(form, path, field) {
  const value = form.valueAt(path);
  const type = nameOf(isUnset(value, field) ? form.resolvedAt(path) ?? field.defaultValue : value);
  return field.variants.find((one) => one.name === type);
}

const nameOf = (value) => (isContainer(value) ? value.type : value);

/** A kind is its name alone, or an object where the API takes no name for it. */
const startOf = (field, word) => (
  typeof word !== 'string' || field.names.includes(word) ? word : { type: word });

function setMember(form, path, field, type, name, next) {
  const value = form.valueAt(path);
  const before = isContainer(value) ? value : { type };
  const { [name]: _, ...others } = before;
  const members = next === undefined ? others : { ...before, [name]: next };
  const isBare = Object.keys(members).length === 1 && members.type === type;
  form.set(path, isBare && isUnset(value, field) ? undefined : isBare ? startOf(field, type) : members);
}

/** An object with fields; one that may be null has a check box. */
function record(form, path, field) {
  const [variant] = field.variants;
  if (!field.isNullable) return html`<fieldset class="record"><legend>${field.label}</legend>
    <div class="fields">${memberFields(form, path, variant.fields)}</div></fieldset>`;
  const value = form.valueAt(path);
  const isOn = !isUnset(value, field) && value !== null;
  const id = idOf(path);
  return html`<fieldset class="record"><legend><label class="check" for=${id}><input type="checkbox" id=${id}
      aria-describedby="${id}-hint" .checked=${live(isOn)}
      @change=${(event) => form.set(path, event.target.checked ? {} : undefined)}>${field.label}</label>${
        hint(id, field.description || variant.description)}</legend>
    ${isOn ? html`<div class="fields">${memberFields(form, path, variant.fields)}</div>` : nothing}
    ${errorText(id, form.errorsAt(path, { isWhole: false }))}</fieldset>`;
}

/** One of several objects, which differ in their members. */
function variants(form, path, field) {
  const value = form.valueAt(path);
  const isOpen = isUnset(value, field);
  const shown = isOpen ? field.defaultValue : value;
  const variant = isContainer(shown) ? variantOf(field, shown) : null;
  const id = idOf(path);
  const choose = (event) => form.set(path, startOfVariant(field, event.target.value));
  return html`<div class="field"><label for=${id}>${field.label}</label>
      <select id=${id} aria-describedby="${id}-hint" @change=${choose}>
        <option value="none" .selected=${live(!variant)}>none</option>
        ${field.variants.map((one) => html`<option value=${one.label} .selected=${live(one === variant)}>${one.label.toLowerCase()}</option>`)}
      </select>${hint(id, [field.description, variant?.description].filter(Boolean).join(' '))}
      ${errorText(id, form.errorsAt(path, { isWhole: false }))}</div>
    ${variant ? memberFields(form, path, variant.fields) : nothing}`;
}

/** The variant that has most of a value's members. */
function variantOf(field, value) {
  const names = Object.keys(value);
  const score = ({ fields }) => fields.filter((one) => names.includes(one.name)).length
    - fields.filter((one) => one.isRequired && !names.includes(one.name)).length;
  return field.variants.reduce((best, one) => (score(one) > score(best) ? one : best));
}

function startOfVariant(field, label) {
  const variant = field.variants.find((one) => one.label === label);
  if (!variant) return (field.defaultValue ?? null) === null ? undefined : null;
  const required = variant.fields.filter((one) => one.isRequired);
  const members = required.length ? required : variant.fields.slice(0, 1);
  return Object.fromEntries(members.map((one) => [one.name, one.defaultValue ?? STARTS[one.name] ?? '']));
}

/** Records by the name of a column. */
function map(form, path, field) {
  const value = form.valueAt(path);
  const names = isContainer(value) ? Object.keys(value) : [];
  const others = form.columns().filter((column) => !names.includes(column));
  const id = idOf(path);
  const add = (event) => {
    event.preventDefault();
    form.set([...path, others[event.target.elements.column.selectedIndex]], {});
  };
  return html`<fieldset class="record" id=${id} tabindex="-1"><legend>${field.label}</legend>
    ${repeat(names, (name) => name, (name) => html`<fieldset class="entry"><legend>${name}</legend>
      <div class="fields">${memberFields(form, [...path, name], field.variants[0].fields)}</div>
      <button type="button" class="button small" aria-label=${`Remove the override of ${name}`}
        @click=${() => form.set([...path, name], undefined)}>Remove</button></fieldset>`)}
    ${others.length ? html`<form class="row" @submit=${add}>
      <label class="field grow"><span>Column</span><select name="column">${
        others.map((column) => html`<option>${column}</option>`)}</select></label>
      <button class="button small">Override for this column</button></form>` : nothing}
    ${errorText(id, form.errorsAt(path, { isWhole: false }))}</fieldset>`;
}
