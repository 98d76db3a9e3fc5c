/** The textbook's example as a score, its formulas, and a form that changes its numbers. */
import { html, nothing } from '../../core/dom.js';
import { lazy } from '../../core/lazy.js';
import { exact, long } from '../../core/numbers.js';
import { resource } from '../../core/resource.js';
import { route } from '../../core/router.js';
import { computed, effect, signal } from '../../core/state.js';
import { formulasView } from '../../parts/formula.js';
import { loadingLine } from '../../parts/loading.js';
import { problemView } from '../../parts/problem.js';
import { scrollBox } from '../../parts/scroll_box.js';
import { readRecorded } from '../../diagram/sources/recorded.js';
import { isChanged, scoreOf, typedTexts } from './exercise.js';

const form = lazy(() => import('./form.js'));
const changes = lazy(() => import('./changes.js'));

/** Open the section. */
export function openTextbook() {
  const texts = computed(() => typedTexts(route.value.params));
  const isOpen = signal(isChanged(route.peek().params));
  const used = signal(typedTexts({}));
  const answer = resource((abort) => explain(texts.peek(), used, abort));
  const textOf = (typed) => JSON.stringify(usable(typed, used.peek()));
  const opened = texts.peek();
  let last = null;
  const stop = effect(() => {
    const now = textOf(texts.value);
    if (now === 'null') return;
    last ??= textOf(opened);
    if (now === last) return;
    last = now;
    answer.reload();
  });
  return {
    render: () => section({ texts: texts.value, used: used.value, isOpen, answer }),
    close: () => { stop(); answer.close(); },
  };
}

/** Texts with the earlier ones in place of those that cannot be used; null while the check is loaded. */
const usable = (texts, earlier) => (isChanged(texts) ? changes()?.usable(texts, earlier) ?? null : texts);

/** Explanation of the numbers that can be used; `used` is then their texts. */
async function explain(texts, used, abort) {
  const changed = isChanged(texts) ? await import('./changes.js') : null;
  const next = changed?.usable(texts, used.peek()) ?? texts;
  const found = isChanged(next) ? await changed.explainChanged(next, { signal: abort })
    : await readRecorded('textbook.json', { signal: abort });
  used.value = next;
  return found;
}

function section({ texts, used, isOpen, answer }) {
  const problem = answer.problem;
  const problems = (isChanged(texts) && changes()?.problemsOf(texts, problem)) || {};
  return html`<section class="textbook stack" aria-labelledby="textbook-title">
    <div class="head"><div><h2 id="textbook-title">The textbook’s example</h2>
      <p class="muted">${subtitle(used)}</p></div>
      <button type="button" class="button" aria-expanded=${isOpen.value ? 'true' : 'false'}
        aria-controls="textbook-form" @click=${() => { isOpen.value = !isOpen.value; }}>Change the numbers</button></div>
    <div id="textbook-form" ?hidden=${!isOpen.value}>${isOpen.value
      ? form()?.exerciseForm({ texts, problems, isChanged: isChanged(texts) }) ?? nothing : nothing}</div>
    ${problem && !Object.keys(problems).length ? problemView(problem, { retry: () => answer.reload() }) : nothing}
    ${loadingLine(answer, 'Reading the exercise…')}
    ${answer.value && Object.keys(problems).length ? html`<p class="small muted">The table keeps the
      earlier value of each marked field.</p>` : nothing}
    ${answer.value ? html`${score(answer.value)}${formulas(answer.value)}` : nothing}</section>`;
}

function subtitle(texts) {
  const activations = texts.hidden === texts.output ? `all ${texts.hidden}` : `${texts.hidden}, then ${texts.output}`;
  return `One input, one hidden unit, one output, ${activations}; loss ½(y − ŷ)², y = ${shown(texts.y)}, learning rate ${
    shown(texts.rate)}. Check it by hand.`;
}

const shown = (text) => text.replace('-', '−');

const ROWS = [
  { head: 'forward →', of: 'value' },
  { head: html`← backward<small>∂L/∂…</small>`, of: 'gradient' },
  { head: 'after', of: 'after' },
];

/** Each quantity is a row of the table; wide pages draw it as a column. */
const score = (explanation) => html`<div class="score-box" ${scrollBox('The textbook’s example')}>
  <div class="score" role="table" aria-label="Values, gradients and new values of the exercise">
  <div class="names" role="row"><span role="columnheader"><span class="hidden">Quantity</span></span>${
    ROWS.map(({ head }) => html`<span role="columnheader">${head}</span>`)}</div>
  ${scoreOf(explanation).map(scoreRow)}</div></div>`;

const scoreRow = (quantity) => html`<div role="row" class=${quantity.isGiven ? 'given' : ''}>
  <span role="rowheader">${quantity.symbol}</span>${ROWS.map(({ of }) => scoreCell(quantity, of))}</div>`;

function scoreCell(quantity, of) {
  const value = quantity[of];
  const isAbsent = value === undefined || value === null;
  const text = of === 'value' && quantity.isGiven ? exact : sixDigits;
  return html`<span role="cell" class=${isAbsent ? 'absent' : ''} data-value=${isAbsent ? '' : exact(value)}>${
    isAbsent ? '–' : text(value)}${of === 'value' ? html`<small>${quantity.note}</small>` : nothing}</span>`;
}

/** Computed numbers have six digits, 0.2 too: it is 0.200000. */
const sixDigits = (value) => (Number.isInteger(value) || Math.abs(value) < 1e-4 ? long(value)
  : value.toPrecision(6).replace('-', '−'));

const FORMULAS = ['a_gradient', 'delta', 'loss_gradient', 'moved'];

const formulas = ({ layers }) => html`<div class="halves">${[...layers].reverse().map(({ units, name }) => html`
  <div class="stack"><h3>${name === 'output' ? html`The output’s weight, <span class="symbol">w₂</span>`
    : html`The hidden unit’s weight, <span class="symbol">w₁</span>`}</h3>
    ${formulasView([...units[0].formulas, ...units[0].edges[0].formulas].filter(({ of }) => FORMULAS.includes(of)))}
  </div>`)}</div>`;
