/** The answer of a model for a row. */
import { html, nothing } from '../../core/dom.js';
import { exact, long } from '../../core/numbers.js';
import { bars } from '../../parts/bars.js';
import { labelText } from './words.js';

const DIGITS = 4;
const MOST_CLASSES = 20;

/**
 * @param {{prediction: object, classes: any}} answer
 * @param {object} model
 * @param {any} truth what the table says: a label, a number, or by target; undefined if unknown
 * @param {boolean} isOld whether the row has changed since
 */
export function answerCard({ prediction, classes, row }, model, truth, isOld) {
  const view = 'label' in prediction ? classAnswer(prediction, classes)
    : 'labels' in prediction ? labelsAnswer(prediction, classes)
      : 'anomaly_score' in prediction ? reconstruction(prediction, row)
        : numbersAnswer(prediction, model);
  return html`<section class="card answer" aria-label="Answer" aria-busy=${isOld}>${view}${truthLine(truth)}</section>`;
}

const truthLine = (truth) => (truth === undefined || truth === null ? nothing
  : html`<p class="small muted">The table says: <span data-value=${asValue(truth)}>${truthText(truth)}</span></p>`);

const asValue = (truth) => (typeof truth === 'object' ? nothing : truth);
const truthText = (truth) => (typeof truth === 'object'
  ? Object.entries(truth).map(([name, value]) => `${name} ${labelText(value)}`).join(', ') : labelText(truth));

/** Probability with four digits. */
const probabilityText = (value) => value.toFixed(DIGITS);

function classAnswer({ label, probabilities, scores, abstained }, classes) {
  const values = probabilities ?? scores;
  const text = probabilities ? probabilityText : exact;
  const items = values.map((value, index) => ({
    name: labelText(classes[index]), value, text: text(value), isStrong: classes[index] === label }));
  const sorted = items.length > MOST_CLASSES ? items.toSorted((one, other) => other.value - one.value) : items;
  return html`<h3>${probabilities ? 'Probability' : 'Score'}</h3>
    <p class="result" role="status">${abstained ? 'Withheld: no probability is large enough' : labelText(label)}</p>
    ${bars(sorted, { label: probabilities ? 'Probability per class' : 'Score per class', max: probabilities ? 1 : undefined,
    most: MOST_CLASSES })}`;
}

function labelsAnswer({ labels, probabilities, abstained }, classes) {
  const items = Object.entries(probabilities).map(([name, value]) => ({
    name: `${name}: ${abstained.includes(name) ? 'withheld' : labelText(labels[name])}`,
    value, text: probabilityText(value), isStrong: labels[name] === classes[name][1] }));
  return html`<h3>Labels</h3>${bars(items, { label: 'Probability of each label', max: 1 })}
    <p class="small muted">A bar is the probability of the second value: ${Object.entries(classes)
    .map(([name, [, second]]) => `${name} ${labelText(second)}`).join(', ')}.</p>`;
}

function numbersAnswer(prediction, { spec }) {
  const values = 'values' in prediction ? prediction.values : { [spec.target]: prediction.value };
  const deviations = 'values' in prediction ? prediction.std : prediction.std === null ? null : { [spec.target]: prediction.std };
  return html`<h3>Prediction</h3><div role="status"><dl class="stats">${Object.entries(values).map(([name, value]) => html`<div>
      <dt class="cut" title=${name}>${name}</dt><dd data-value=${value}>${long(value)}</dd>
      ${deviations ? deviation(deviations[name]) : nothing}
    </div>`)}</dl></div>`;
}

const deviation = (std) => html`<dd class="deviation"><small>standard deviation
  <span data-value=${std}>${long(std)}</span></small></dd>`;

function reconstruction({ error, anomaly_score: score, columns, values }, row) {
  const errors = Object.entries(columns).filter(([, value]) => value !== null)
    .map(([name, value]) => ({ name: `${name}${reconstructed(values[name], row[name])}`, value, text: long(value) }))
    .toSorted((one, other) => other.value - one.value);
  return html`<h3>Reconstruction</h3>
    <div role="status"><dl class="stats"><div><dt>Error</dt><dd data-value=${error}>${long(error)}</dd></div>
      ${score === null ? nothing : html`<div><dt>Anomaly score</dt><dd data-value=${score}>${probabilityText(score)}</dd></div>`}</dl></div>
    ${score === null ? nothing : html`<p class="small muted">${probabilityText(score)} of the training rows have a smaller error.</p>`}
    ${bars(errors, { label: 'Error per column', most: MOST_CLASSES })}`;
}

const reconstructed = (value, given) => (value === null ? ''
  : `: ${labelText(given ?? null)} → ${typeof value === 'number' ? long(value) : labelText(value)}`);
