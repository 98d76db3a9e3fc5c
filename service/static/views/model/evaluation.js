/** Evaluation of a model: its metrics, and its answers for the rows of a table. */
import { html, nothing } from '../../core/dom.js';
import { long } from '../../core/numbers.js';
import { bars } from '../../parts/bars.js';
import { confusionTable } from './confusion.js';
import { openTableEvaluation } from './evaluate_table.js';
import { labelText } from './words.js';

/** Open the evaluation. */
export function openEvaluation(model) {
  const onTable = openTableEvaluation(model);
  const groups = groupsOf(model);
  return {
    render: () => html`<section aria-label="Evaluation"><h2>Evaluation</h2>
      <div class="halves"><div class="stack">${metricsTable(groups)}</div>
        <div class="stack">${matrices(model, groups)}${perClass(model, groups)}${onTable.render()}</div></div></section>`,
    close: () => onTable.close(),
  };
}

/** Metrics by part of the rows: validation, test, training, and the folds. */
function groupsOf({ metrics: { test, ...own }, cross_validation: folds }) {
  const isOfValidation = ([name]) => name.startsWith('validation_');
  const entries = Object.entries(own);
  const validation = Object.fromEntries(entries.filter(isOfValidation).map(([name, value]) => [name.slice('validation_'.length), value]));
  const training = Object.fromEntries(entries.filter((entry) => !isOfValidation(entry)));
  const ofFolds = folds ? { name: `${folds.folds} folds`, values: folds.metrics } : null;
  return [
    { name: 'Validation', values: validation }, { name: 'Test', values: test ?? {} }, ofFolds, { name: 'Training', values: training },
  ].filter((group) => group !== null && Object.keys(group.values).length > 0);
}

function metricsTable(groups) {
  const names = [...new Set(groups.flatMap(({ values }) => Object.keys(values)))]
    .filter((name) => groups.some(({ values }) => isSingle(values[name])));
  if (!names.length) return html`<p class="muted">The model has no metrics.</p>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Metrics"><table><caption class="hidden">Metrics</caption>
    <thead><tr><th scope="col">Metric</th>${groups.map(({ name }) => html`<th scope="col" class="number">${name}</th>`)}</tr></thead>
    <tbody>${names.map((name) => html`<tr><th scope="row">${name.replaceAll('_', ' ')}</th>
      ${groups.map(({ values }) => metricCell(values[name]))}</tr>`)}</tbody></table></div>`;
}

const isSingle = (value) => typeof value === 'number' || isSpread(value);
const isSpread = (value) => value !== null && typeof value === 'object' && 'mean' in value;

function metricCell(value) {
  if (isSpread(value)) return html`<td class="number" data-value=${value.mean}>${long(value.mean)} ± ${long(value.std)}</td>`;
  return typeof value === 'number' ? html`<td class="number" data-value=${value}>${long(value)}</td>` : html`<td class="number">–</td>`;
}

const firstWith = (groups, test) => groups.find(({ values }) => Object.entries(values).some(test));

function matrices({ classes }, groups) {
  const group = firstWith(groups, ([name]) => name === 'confusion_matrix');
  if (!group || !Array.isArray(classes)) return nothing;
  return confusionTable({ title: `Confusion matrix, ${group.name.toLowerCase()} rows`, classes, counts: group.values.confusion_matrix });
}

function perClass({ classes }, groups) {
  const isOne = ([name, value]) => /_per_class$/.test(name) && Array.isArray(value) && !Array.isArray(value[0]);
  const group = firstWith(groups, isOne);
  if (!group || !Array.isArray(classes)) return nothing;
  return Object.entries(group.values).filter(isOne).map(([name, values]) => {
    const title = `${name.replace('_per_class', '')} of each class, ${group.name.toLowerCase()} rows`;
    const items = classes.map((label, index) => ({ name: labelText(label), value: values[index] }));
    return html`<h3>${title}</h3>${bars(items, { label: title, max: 1 })}`;
  });
}
