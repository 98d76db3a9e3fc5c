/** Rows beyond those of the batch: any row of the table by its number, and a row of one's own. */
import { Problem } from '../../core/api.js';
import { html, nothing } from '../../core/dom.js';
import { count } from '../../core/numbers.js';
import { signal } from '../../core/state.js';
import { problemView } from '../../parts/problem.js';
import { ask } from '../../diagram/sources/ask.js';
import { rowQuestion } from '../../diagram/sources/job_questions.js';
import { hasFields, problemsByColumn, rowColumns, rowOf, textsOf, textsOfLine } from './row_columns.js';

/** @param {import('./inside.js').Inside} inside */
export function rowChoice(inside) {
  const problem = signal(null);
  const isChecking = signal(false);
  let prefill;

  function showNumber(event) {
    event.preventDefault();
    const field = event.target.elements.number;
    if (!field.reportValidity()) return;
    inside.setParams({ own: null });
    inside.setClock({ row: Number(field.value), mode: 'row' });
  }

  /** A row is asked about before it is shown: a value that cannot be encoded is reported at its field. */
  async function showOwn(event) {
    event.preventDefault();
    const { job } = inside.training.peek();
    const columns = rowColumns(inside.training.peek());
    const own = rowOf(columns, readTexts(event.target, columns));
    isChecking.value = true;
    try {
      await ask(job.links.explain, { ...rowQuestion(inside.clock.peek(), own), layers: ['output'] });
      problem.value = null;
      inside.setParams({ own: JSON.stringify(own), mode: 'row', row: null });
    } catch (found) {
      problem.value = found;
      focusInvalid(event.target);
    } finally {
      isChecking.value = false;
    }
  }

  function render() {
    const training = inside.training.value;
    const { hasOnlyMarks, dataset } = training;
    const own = inside.ownRow.value;
    prefill ??= inside.answers.value?.rowShown?.values;
    return html`<details class="rows" ?open=${hasOnlyMarks || own !== null}>
      <summary>${hasOnlyMarks ? 'A row of your own' : 'Another row'}</summary>
      <div class="stack">
        ${hasOnlyMarks ? nothing : numberForm({ dataset, row: inside.clock.value.row, submit: showNumber })}
        ${ownForm({ inside, training, own, prefill, problem: problem.value, isChecking: isChecking.value, submit: showOwn })}
      </div></details>`;
  }

  return { render };
}

const numberForm = ({ dataset, row, submit }) => html`<form class="row numbered" @submit=${submit}>
  <div class="field"><label for="row-number">Row of the table, 0 to ${count(dataset.rows - 1)}</label>
    <input id="row-number" name="number" type="number" required min="0" max=${dataset.rows - 1} step="1"
      .value=${String(row ?? '')}></div>
  <button type="submit" class="button">Show row</button>
</form>`;

function ownForm({ inside, training, own, prefill, problem, isChecking, submit }) {
  const columns = rowColumns(training);
  const problems = problem instanceof Problem ? problemsByColumn(columns, problem.errors) : new Map();
  const start = own ? { ...own.values, ...targetsOf(columns, own.target) } : prefill;
  const texts = textsOf(columns, start);
  const general = problem && (problems.size === 0 || problems.has(''));
  return html`<form class="stack" aria-label="A row of your own" @submit=${submit}>
    ${hasFields(columns)
      ? html`<div class="fields">${columns.map((column, index) => (
        field({ column, index, text: texts.get(column.name), detail: problems.get(column.name) })))}</div>`
      : line({ columns, texts, problems })}
    ${general ? problemView(problem) : nothing}
    <p class="row"><button type="submit" class="button">${isChecking ? 'Reading the row…' : 'Show your row'}</button>
      ${own && !training.hasOnlyMarks ? html`<button type="button" class="button quiet"
        @click=${() => inside.setParams({ own: null })}>Back to the batch's rows</button>` : nothing}</p>
  </form>`;
}

function field({ column, index, text, detail }) {
  const id = `own-${index}`;
  const isNumber = column.kind === 'numeric';
  return html`<div class="field"><label for=${id} class="cut" title=${column.name}>${column.name}${
      column.isTarget ? ', target' : nothing}</label>
    <input id=${id} name=${id} .value=${text} autocomplete="off" inputmode=${isNumber ? 'decimal' : 'text'}
      list=${column.values.length && !isNumber ? `${id}-values` : nothing}
      aria-invalid=${detail ? 'true' : 'false'} aria-describedby=${detail ? `${id}-problem` : nothing}>
    ${column.values.length && !isNumber ? html`<datalist id="${id}-values">${column.values.map((value) => html`
      <option value=${value}></option>`)}</datalist>` : nothing}
    ${detail ? html`<p class="error" id="${id}-problem">${detail}</p>` : nothing}
  </div>`;
}

function line({ columns, texts, problems }) {
  const names = columns.map(({ name }) => name);
  const details = [...problems].filter(([name]) => name !== '');
  return html`<div class="field"><label for="own-line">${count(columns.length)} values, from ${names[0]} to ${
      names.at(-1)}, separated by commas</label>
    <textarea id="own-line" name="line" rows="4" .value=${[...texts.values()].join(',')}
      aria-invalid=${details.length ? 'true' : 'false'} aria-describedby=${details.length ? 'own-line-problem' : nothing}></textarea>
    ${details.length ? html`<ul class="error" id="own-line-problem">${details.map(([name, detail]) => html`
      <li>${name}: ${detail}</li>`)}</ul>` : nothing}</div>`;
}

function readTexts(form, columns) {
  const { elements } = form;
  if (elements.line) return textsOfLine(columns, elements.line.value);
  return new Map(columns.map(({ name }, index) => [name, elements[`own-${index}`].value]));
}

function targetsOf(columns, target) {
  const names = columns.filter(({ isTarget }) => isTarget).map(({ name }) => name);
  return names.length > 1 ? target ?? {} : { [names[0]]: target };
}

/** The first field at fault has the focus: after the form was drawn with its problems. */
function focusInvalid(form) {
  queueMicrotask(() => form.querySelector('[aria-invalid="true"]')?.focus());
}
