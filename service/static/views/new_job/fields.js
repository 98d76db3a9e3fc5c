/** Fields of simple values: check boxes, choices, numbers and texts, sets of words. */
import { html, live, nothing } from '../../core/dom.js';
import { batch } from '../../core/state.js';
import { idOf } from './form.js';
import { formatJson, JsonTextError, parseJson } from './json_text.js';
import { isSame, pointerOf } from './pointers.js';
import { defaultText, isUnset, NONE, standsFor, textOf, valueOf } from './scalars.js';

/**
 * Field of a simple value.
 * @param {object} form @param {string[]} path @param {import('./schema.js').Field} field
 */
export function simpleField(form, path, field) {
  const views = { flag, choice, scalar, set, json };
  return (views[field.kind] ?? json)(form, path, field);
}

/** Label, control, hint and errors. `control` is called with the control's attributes. */
export function labelled(form, path, field, control, { isWhole = true, isWide = false } = {}) {
  const id = idOf(path);
  const errors = form.errorsAt(path, { isWhole });
  const described = [field.description && `${id}-hint`, errors.length && `${id}-error`].filter(Boolean).join(' ');
  const attributes = { id, described: described || nothing, invalid: errors.length ? 'true' : nothing };
  return html`<div class=${isWide ? 'field wide' : 'field'}>
    <label for=${id}>${field.label}</label>
    ${control(attributes)}
    ${hint(id, field.description)}
    ${errorText(id, errors)}
  </div>`;
}

/** Description that shows while the field has the focus or the pointer. */
export const hint = (id, text) => (text ? html`<span class="hint" id="${id}-hint">${text}</span>` : nothing);

/** Errors of a field. */
export const errorText = (id, errors) => (errors.length
  ? html`<span class="error" id="${id}-error">${errors.map(({ detail }) => sentence(detail)).join(' ')}</span>` : nothing);

/** A detail of the API as a sentence. */
export const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;

function flag(form, path, field) {
  const value = form.valueAt(path);
  const id = idOf(path);
  const errors = form.errorsAt(path);
  const isOn = Boolean(value ?? form.resolvedAt(path) ?? field.defaultValue);
  return html`<div class="field flag"><label class="check" for=${id}>
    <input type="checkbox" id=${id} .checked=${live(isOn)} aria-invalid=${errors.length ? 'true' : nothing}
      aria-describedby=${field.description ? `${id}-hint` : nothing}
      @change=${(event) => form.set(path, event.target.checked === field.defaultValue ? undefined : event.target.checked)}>
    ${field.label}</label>${hint(id, field.description)}${errorText(id, errors)}</div>`;
}

function choice(form, path, field) {
  return labelled(form, path, field, (attributes) => (
    selectOf(form, path, field, attributes, field.words, (word) => form.set(path, word))));
}

/**
 * A select of words, the default and, where it differs from the default, none.
 * @param {(word: string|null|undefined) => void} choose
 */
export function selectOf(form, path, field, { id, described, invalid }, words, choose) {
  const value = form.valueAt(path);
  const name = typeof value === 'object' && value !== null ? value.type : value;
  const options = optionsOf(form, path, field, words, name);
  return html`<select id=${id} aria-describedby=${described} aria-invalid=${invalid}
    class=${isUnset(value, field) ? 'unset' : ''}
    @change=${(event) => choose(options[event.target.selectedIndex].value)}>
    ${options.map((option) => html`<option .selected=${live(option.isSelected)}>${option.text}</option>`)}</select>`;
}

function optionsOf(form, path, field, words, name) {
  const isDefault = isUnset(name, field);
  const resolved = defaultText(field, isDefault ? form.resolvedAt(path) : undefined);
  const known = [undefined, null, ...words];
  const options = [];
  if (!field.isRequired || isDefault) options.push({ value: undefined, isSelected: isDefault, text: resolved ? `${resolved} (default)` : 'default' });
  if (field.isNullable && (field.defaultValue ?? null) !== null) options.push({ value: null, isSelected: name === null, text: NONE });
  options.push(...words.map((word) => ({ value: word, isSelected: word === name, text: word })));
  if (!known.includes(name)) options.push({ value: name, isSelected: true, text: textOf(name) });
  return options;
}

function scalar(form, path, field) {
  const pointer = pointerOf(path);
  const value = form.valueAt(path);
  const typed = form.typing.value?.pointer === pointer ? form.typing.value.text : null;
  const shown = typed !== null && standsFor(typed, field, value) ? typed : isUnset(value, field) ? '' : textOf(value);
  const input = ({ target: { value: text } }) => batch(() => {
    form.typing.value = { pointer, text };
    form.set(path, valueOf(text, field));
  });
  return labelled(form, path, field, ({ id, described, invalid }) => html`
    <input id=${id} type="text" autocomplete="off" spellcheck="false" inputmode=${field.allows.number && !field.allows.list ? 'decimal' : nothing}
      aria-describedby=${described} aria-invalid=${invalid} aria-required=${field.isRequired ? 'true' : nothing}
      placeholder=${defaultText(field, form.resolvedAt(path))} list=${listOf(form, id, field)}
      .value=${live(shown)} @input=${input} @blur=${() => { form.typing.value = null; }}>
    ${wordList(id, field)}`);
}

const wordsOf = (field) => [...field.words, ...(field.isNullable && (field.defaultValue ?? null) !== null ? [NONE] : [])];

const listOf = (form, id, field) => (
  form.lists[field.name] ?? (wordsOf(field).length ? `${id}-words` : nothing));

const wordList = (id, field) => (wordsOf(field).length ? html`<datalist id="${id}-words">${
  wordsOf(field).map((word) => html`<option value=${word}></option>`)}</datalist>` : nothing);

function set(form, path, field) {
  const own = form.valueAt(path);
  const value = isUnset(own, field) ? form.resolvedAt(path) ?? field.defaultValue ?? [] : own;
  const id = idOf(path);
  const errors = form.errorsAt(path);
  const has = (word) => (Array.isArray(value) ? value.includes(word) : value === word);
  const toggle = (word, isOn) => {
    const kept = (Array.isArray(value) ? value : []).filter((one) => one !== word);
    const next = isOn ? field.words.filter((one) => one === word || kept.includes(one)) : kept;
    form.set(path, next.length ? next : undefined);
  };
  return html`<fieldset class="field words" id=${id} tabindex="-1" aria-describedby=${errors.length ? `${id}-error` : nothing}>
    <legend>${field.label}${isUnset(own, field) ? html` <span class="faint">(default)</span>` : nothing}</legend>
    <div class="row">${field.words.map((word) => html`<label class="check"><input type="checkbox"
      .checked=${live(has(word))} @change=${(event) => toggle(word, event.target.checked)}>${word}</label>`)}</div>
    ${field.description ? html`<p class="small muted">${field.description}</p>` : nothing}
    ${errorText(id, errors)}</fieldset>`;
}

/** Any value as JSON; text that is not JSON stays in the field until it is. */
function json(form, path, field) {
  const pointer = pointerOf(path);
  const value = form.valueAt(path);
  const typed = form.typing.value?.pointer === pointer ? form.typing.value : null;
  const shown = typed?.text ?? (isUnset(value, field) ? '' : jsonText(value));
  const input = ({ target: { value: text } }) => batch(() => {
    const read = readJson(text, field);
    form.typing.value = { pointer, text, fault: read.fault };
    if (!read.fault) form.set(path, read.value);
  });
  const fault = typed?.fault ? [{ detail: typed.fault }] : [];
  const withFault = { ...form, errorsAt: (at, options) => [...fault, ...form.errorsAt(at, options)] };
  return labelled(withFault, path, field, ({ id, described, invalid }) => html`
    <textarea id=${id} rows="2" spellcheck="false" aria-describedby=${described} aria-invalid=${invalid}
      placeholder=${field.words.length ? `${field.words.join(', ')}, or JSON` : 'JSON'}
      .value=${live(shown)} @input=${input}
      @blur=${() => { if (!form.typing.value?.fault) form.typing.value = null; }}></textarea>`, { isWide: true });
}

const jsonText = (value) => (typeof value === 'string' ? value : formatJson(value));

function readJson(text, field) {
  const trimmed = text.trim();
  if (!trimmed || field.words.includes(trimmed)) return { value: trimmed || undefined, fault: null };
  try {
    return { value: parseJson(text).value, fault: null };
  } catch (error) {
    if (!(error instanceof JsonTextError)) throw error;
    return { value: null, fault: error.message };
  }
}

/** Whether a value is set to something else than its default. */
export const isSet = (form, path, field) => {
  const value = form.valueAt(path);
  return !isUnset(value, field) && !isSame(value, field.defaultValue);
};
