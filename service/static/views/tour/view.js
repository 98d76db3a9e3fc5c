/** Tour: eight short pages on one recorded training. */
import { html, nothing } from '../../core/dom.js';
import { clockParams, parseClock } from '../../core/clock.js';
import { resource } from '../../core/resource.js';
import { go, href, route } from '../../core/router.js';
import { computed, effect, signal, untracked } from '../../core/state.js';
import { figure } from '../../diagram/figure.js';
import { recordedSource } from '../../diagram/sources/recorded.js';
import { formulasView } from '../../parts/formula.js';
import { loadingLine } from '../../parts/loading.js';
import { problemView } from '../../parts/problem.js';
import { segmented } from '../../parts/segmented.js';
import { complete, completed } from './completed.js';
import { changedSource, chosen, EXPERIMENTS } from './experiment.js';
import { PAGES, pageIndex } from './pages.js';
import { resultOf } from './results.js';

const LONG_MS = 200;

/** Open the tour: one view for all pages, so that the figure stays. */
export function open(id) {
  const index = pageIndex(id);
  const page = PAGES[index];
  const unknown = id === null || id === String(index + 1) ? null : id;
  const recorded = resource((abort) => recordedSource('xor', { signal: abort }));
  const value = computed(() => (page.changes ? chosen(EXPERIMENTS[page.changes], route.value.params) : null));
  const changed = page.changes ? openChanged(page.changes, recorded, value) : null;
  const source = () => (changed ? changed.source() : recorded.value);
  const diagram = figure({
    id: 'tour',
    source,
    clock: () => parseClock(route.value.params, page.clock),
    setClock: (change) => {
      const { params } = route.peek();
      go('tour', String(index + 1), { ...params, ...clockParams({ ...parseClock(params, page.clock), ...change }) }, { replace: true });
    },
  });
  return {
    title: () => `${page.name}, tour`,
    render: () => template({ page, index, unknown, diagram, recorded, changed, value: value.value }),
    close: () => [recorded, diagram, changed].forEach((part) => part?.close()),
  };
}

/** The changed step: its source, loaded again for each choice; the earlier one stays until then. */
function openChanged(what, recorded, value) {
  const source = signal(null);
  const problem = signal(null);
  const isLoading = signal(false);
  let loading = null;
  const load = () => {
    const [training, choice] = [recorded.value, value.value];
    loading?.abort();
    if (!training) return;
    loading = new AbortController();
    untracked(() => loadChanged(training, what, choice, loading.signal, { source, problem, isLoading }));
  };
  const stop = effect(load);
  return {
    source: () => source.value,
    problem: () => problem.value,
    get isLoading() { return isLoading.value; },
    retry: load,
    close: () => { stop(); loading?.abort(); },
  };
}

async function loadChanged(training, what, choice, abort, { source, problem, isLoading }) {
  const timer = setTimeout(() => { isLoading.value = true; }, LONG_MS);
  abort.addEventListener('abort', () => clearTimeout(timer));
  try {
    const answers = await training.load({ step: EXPERIMENTS[what].step, mode: 'batch' });
    const names = { inputs: answers.rows.inputs.map(({ name }) => name), outputs: answers.outputs.shown.map(({ name }) => name) };
    const found = await changedSource(answers, { [what]: choice }, names, { signal: abort });
    if (abort.aborted) return;
    source.value = found;
    problem.value = null;
  } catch (error) {
    if (!abort.aborted) problem.value = error;
  } finally {
    clearTimeout(timer);
    if (!abort.aborted) isLoading.value = false;
  }
}

function template({ page, index, unknown, diagram, recorded, changed, value }) {
  const problem = recorded.problem ?? changed?.problem();
  const answers = diagram.answers();
  return html`${strip(index)}
    <div class="tour">
      <section class="prose" aria-labelledby="tour-page">
        <p class="small faint">${unknown === null ? nothing : html`<strong role="status">The tour has no page “${unknown}”.</strong> `}Page ${index + 1} of ${PAGES.length}</p>
        <h1 id="tour-page" tabindex="-1">${page.name}</h1>
        <p class="lead">${page.text}</p>
        ${answers ? formulas(page, answers) : nothing}
        ${page.changes ? control(page, index, value) : nothing}
        ${page.changes && answers ? resultOf(page.changes, answers.batch, { row: answers.row, number: answers.rowShown?.number }) : nothing}
        <p class="try"><strong>Try it.</strong> ${page.tryIt}</p>
        ${buttons(index)}
      </section>
      <div class="drawn">${problem ? problemView(problem, { retry: changed?.retry ?? (() => recorded.reload()) }) : nothing}
        ${loadingLine(recorded, 'Reading the recorded training…')}${changed ? loadingLine(changed, 'Computing the step…') : nothing}${diagram.render()}</div>
    </div>`;
}

/** Formulas of the text, with the numbers of the figure: those of the page's own unit. */
function formulas({ formulas: { layer, names }, clock }, { details }) {
  if (!details) return nothing;
  const found = layer === 'loss' ? details.loss.formulas : formulasOfUnit(details, layer, clock);
  const shown = found.filter(({ of }) => names.includes(of));
  return shown.length ? formulasView(shown) : nothing;
}

function formulasOfUnit({ layers }, name, { unit: index, edge }) {
  const unit = layers.find((layer) => layer.name === name)?.units.find(({ unit: one }) => one === index);
  const weight = unit?.edges.find(({ source }) => source?.join('.') === edge);
  return [...(unit?.formulas ?? []), ...(weight?.formulas ?? [])];
}

function control({ changes }, index, value) {
  const { name, values } = EXPERIMENTS[changes];
  const choose = (next) => go('tour', String(index + 1), { ...route.peek().params, [name]: next }, { replace: true });
  if (changes === 'rate') return rateSlider(values, value, choose);
  const label = changes === 'penalty' ? 'l2' : 'Activation of the hidden layer';
  if (changes === 'penalty') return html`<div class="field"><span>l2</span>${segmented({ label, value: String(value), change: choose,
    options: values.map((one) => ({ value: String(one), text: one ? String(one) : 'off' })) })}</div>`;
  return html`<div class="field"><label for="tour-choice">${label}</label><select id="tour-choice"
    @change=${(event) => choose(event.target.value)}>${values.map((one) => html`<option value=${one} ?selected=${one === value}>${one}</option>`)}</select></div>`;
}

const rateSlider = (values, value, choose) => html`<label class="field"><span>Learning rate <strong>${value}</strong></span>
  <input type="range" min="0" max=${values.length - 1} step="1" .value=${String(values.indexOf(value))} aria-label="Learning rate"
    aria-valuetext=${String(value)} @input=${(event) => choose(values[event.target.valueAsNumber])}></label>`;

const strip = (index) => html`<nav class="strip" aria-label="Pages of the tour"><ol>${PAGES.map((page, place) => html`<li>
  <a href=${href('tour', String(place + 1))} class=${completed.value.has(page.key) ? 'done' : ''} aria-current=${place === index ? 'step' : nothing}>
    <small>${place + 1}</small><span class="name">${page.name}</span>${completed.value.has(page.key) ? html`<span class="hidden">, completed</span>` : nothing}</a></li>`)}</ol></nav>`;

function buttons(index) {
  const to = (place) => go('tour', String(place + 1));
  const next = () => {
    complete(PAGES[index].key);
    if (index + 1 < PAGES.length) to(index + 1);
    else go('datasets');
  };
  return html`<div class="row">${index ? html`<button type="button" class="button" @click=${() => to(index - 1)}>Back</button>` : nothing}
    <button type="button" class="button main" @click=${next}>${index + 1 < PAGES.length ? 'Next' : 'Upload a table'}</button></div>`;
}
