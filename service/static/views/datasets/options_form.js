/** Options of reading, each detected unless it is stated. */
import { html, live, nothing } from '../../core/dom.js';
import { fieldText } from '../../parts/field_text.js';
import { DELIMITERS, FORMATS } from './reading.js';

const ENCODINGS = ['utf-8', 'utf-16', 'latin-1', 'cp1252'];
const COMPRESSIONS = ['none', 'gzip', 'zstd'];

/**
 * @param {import('./reading.js').Stated} stated
 * @param {object|null} used the options that were used: they name what was detected
 * @param {(changes: object) => void} change
 */
export function optionsForm(stated, used, change) {
  const choice = (name, text, values) => select({ name, text, values, stated: stated[name], used: used?.[name], change });
  const isCsv = (stated.format ?? used?.format ?? 'csv') === 'csv';
  return html`<section class="card" aria-label="Reading options"><h2 class="h3">Reading options</h2>
    <div class="fields">
      ${choice('format', 'Format', Object.entries(FORMATS))}
      ${choice('compression', 'Compression', COMPRESSIONS.map((text) => [text, text]))}
      ${choice('encoding', 'Encoding', ENCODINGS.map((text) => [text, text]))}
      ${isCsv ? html`
        ${choice('delimiter', 'Separator', Object.entries(DELIMITERS))}
        ${choice('decimal', 'Decimal mark', [['.', 'point'], [',', 'comma']])}
        ${choice('quote', 'Quote', [['"', '"'], ["'", "'"], ['', 'none']])}
        ${choice('header', 'First row', [[true, 'names the columns'], [false, 'holds values']])}` : nothing}
      ${missingField(stated, used, change)}
    </div></section>`;
}

function select({ name, text, values, stated, used, change }) {
  const known = values.find(([value]) => value === used)?.[1] ?? used;
  const isDetected = stated === undefined;
  const chosen = (event) => {
    const index = event.target.selectedIndex;
    change({ [name]: index === 0 ? null : values[index - 1][0] });
  };
  return html`<div class="field"><label for="option-${name}">${text}</label>
    <select id="option-${name}" @change=${chosen}>
      <option .selected=${live(isDetected)}>detected${isDetected && known !== undefined && known !== null ? `: ${known}` : ''}</option>
      ${values.map(([value, word]) => html`<option .selected=${live(value === stated)}>${word}</option>`)}
    </select></div>`;
}

function missingField(stated, used, change) {
  const shown = stated.missing ?? used?.missing ?? [];
  const chosen = (event) => {
    const text = event.target.value.trim();
    change({ missing: text === '' ? null : text.split(/\s*,\s*/).filter((marker) => marker !== '') });
  };
  return html`<div class="field wide"><label for="option-missing">Markers of missing values, separated by commas; an empty
      field: detected</label>
    <input id="option-missing" type="text" ${fieldText(shown.join(', '))} @change=${chosen}></div>`;
}
