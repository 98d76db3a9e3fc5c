/** The form of a row: a slider and a field per number, a choice per category. */
import { html, live, nothing, repeat } from '../../core/dom.js';
import { count } from '../../core/numbers.js';
import { typedValue } from './fields.js';
import { flagText, labelText } from './words.js';

/**
 * @param {object} options
 * @param {import('./fields.js').Field[]} options.fields
 * @param {number} options.most how many fields are shown
 * @param {() => void} options.showMore
 * @param {object} options.row value by column, null is missing
 * @param {(name: string, value: any) => void} options.setValue
 * @param {{column: string, flag: string}[]} options.flags of the last answer
 * @param {Map<string, string>} options.errors error by column
 */
export function rowForm({ fields, most, showMore, row, setValue, flags, errors }) {
  const shown = fields.slice(0, most);
  return html`<ul class="row-form">${repeat(shown, ({ name }) => name, (field, index) => html`<li class="input">
      ${fieldView(field, `input-${index}`, row[field.name] ?? null, setValue, noteOf(field, flags, errors))}</li>`)}</ul>
    ${shown.length < fields.length ? html`<p class="row"><button type="button" class="button small" @click=${showMore}>Show all
      columns</button><span class="small muted">${count(shown.length)} of ${count(fields.length)} columns; the others have the
      row’s values</span></p>` : nothing}`;
}

function noteOf(field, flags, errors) {
  if (errors.has(field.name)) return { text: errors.get(field.name), isError: true };
  const flag = flags.find(({ column }) => column === field.name)?.flag;
  return flag ? { text: flagText(flag, field), isError: flag === 'not_understood' } : null;
}

/** A field. Names of columns may have spaces, which an id must not have. */
function fieldView(field, id, value, setValue, note) {
  const described = { id, note: note ? `${id}-note` : nothing, invalid: note?.isError ? 'true' : nothing };
  const set = (next) => setValue(field.name, next);
  return html`<div class="input-head"><label class="cut" for=${id} title=${field.name}>${field.name}</label>
      ${field.canLack ? missingBox(field, value, set) : nothing}</div>
    ${CONTROLS[field.type](field, value, set, described)}
    ${note ? html`<p id="${id}-note" class=${note.isError ? 'error' : 'small muted'}>${note.text}</p>` : nothing}`;
}

const missingBox = (field, value, set) => html`<label class="check small muted"><input type="checkbox"
  .checked=${live(value === null)} aria-label="${field.name} is missing"
  @change=${(event) => set(event.target.checked ? null : present(field))}>missing</label>`;

const present = ({ type, fill, levels }) => (type === 'choice' ? levels[0] ?? '' : fill ?? '');

function numberControl(field, value, set, described) {
  const { name, minimum, maximum, step, fill } = field;
  return html`<div class="number-input">${step === null || step === undefined ? nothing : html`
      <input type="range" aria-label="${name}, slider" aria-valuetext=${typeof value === 'number' ? String(value) : 'missing'}
        min=${minimum} max=${maximum} step=${step}
        .value=${live(String(typeof value === 'number' ? value : fill))} @input=${(event) => set(Number(event.target.value))}>`}
    ${textControl(field, value, set, described)}</div>`;
}

/** The text that is being typed, and the value that it is read as: an answer must not rewrite `1.` to `1`. */
let typed = null;

function textControl({ type }, value, set, { id, note, invalid }) {
  const isTyped = typed?.id === id && typed.value === value;
  const take = ({ target: { value: text }, type: event }) => {
    const read = text === '' ? null : type === 'number' ? typedValue(text) : text;
    typed = event === 'input' ? { id, text, value: read } : null;
    set(read);
  };
  return html`<input id=${id} type="text"
  class=${type === 'number' ? 'number' : ''} inputmode=${type === 'number' ? 'decimal' : nothing} autocomplete="off"
  placeholder=${type === 'time' ? '2024-01-31' : 'missing'} aria-describedby=${note} aria-invalid=${invalid}
  .value=${live(isTyped ? typed.text : value === null ? '' : String(value))}
  @input=${take} @change=${take}>`;
}

function choiceControl({ levels }, value, set, { id, note, invalid }) {
  const known = value === null || levels.includes(value) ? levels : [...levels, value];
  return html`<select id=${id} aria-describedby=${note} aria-invalid=${invalid}
    @change=${(event) => set(event.target.selectedIndex === 0 ? null : known[event.target.selectedIndex - 1])}>
    <option .selected=${live(value === null)}>missing</option>
    ${known.map((level) => html`<option .selected=${live(level === value)}>${labelText(level)}</option>`)}</select>`;
}

const booleanControl = (field, value, set, described) => (
  choiceControl({ levels: [true, false] }, value, set, described));

const CONTROLS = { number: numberControl, choice: choiceControl, boolean: booleanControl, time: textControl, text: textControl };
