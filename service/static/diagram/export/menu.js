/** Menu of the files that a step can be kept as. */
import { html, nothing } from '../../core/dom.js';
import { download } from '../../core/download.js';
import { signal } from '../../core/state.js';
import { networkCsv } from './csv.js';
import { latexDocument, latexFormulas } from './latex.js';
import { pngOf } from './png.js';
import { standaloneSvg } from './standalone_svg.js';

const failure = signal(null);

/**
 * @param {object} view
 * @param {import('../answers.js').StepAnswers} view.answers
 * @param {import('../answers.js').Clock} view.clock
 * @param {import('../model.js').DrawnNetwork} view.network
 * @param {string} [view.name] of the training, for the names of files
 * @param {() => SVGSVGElement|null} [view.drawing]
 */
export function exportMenu({ answers, clock, network, name = 'network', drawing = firstDrawing }) {
  const file = `${fileName(name)}-step-${answers.step}-${clock.phase}`;
  const formulas = latexFormulas(answers);
  const items = [
    ['SVG', 'the drawing', () => download(`${file}.svg`, standaloneSvg(drawing()), 'image/svg+xml')],
    ['PNG', 'the drawing, twice as large', async () => download(`${file}.png`, await pngOf(drawing()), 'image/png')],
    ['JSON', 'the answers of the service', () => download(`${file}.json`, JSON.stringify(answers, null, 1), 'application/json')],
    ['CSV', 'the numbers, in full', () => download(`${file}.csv`, networkCsv(network), 'text/csv')],
    ...(formulas.length ? [['LaTeX', 'the formulas of the unit',
      () => download(`${file}.tex`, latexDocument(formulas), 'text/x-tex')]] : []),
  ];
  return html`<details class="export" @keydown=${closeOnEscape} @focusout=${closeOnLeave}>
    <summary class="button">Export</summary>
    <div class="export-items" role="group" aria-label="Export as">${items.map(([kind, what, run]) => html`
      <button type="button" class="button quiet" @click=${(event) => save(event, run)}>
        <strong>${kind}</strong> <span class="muted">${what}</span></button>`)}
      ${formulas.length ? nothing : html`<p class="small muted">LaTeX: choose a unit of a job first.</p>`}
      ${failure.value ? html`<p class="error" role="alert">${failure.value}</p>` : nothing}
    </div>
  </details>`;
}

const firstDrawing = () => document.querySelector('svg[role="graphics-document"]');

/** Name of a file without what file systems refuse. */
const fileName = (name) => (
  name.replace(/[^\p{L}\p{N}._-]+/gu, '-').replace(/^[-.]+|-+$/g, '').slice(0, 60) || 'network');

async function save(event, run) {
  const menu = event.currentTarget.closest('details');
  failure.value = null;
  try {
    await run();
    menu.open = false;
    menu.firstElementChild.focus();
  } catch (error) {
    failure.value = error.message;
  }
}

function closeOnEscape(event) {
  if (event.key !== 'Escape' || !event.currentTarget.open) return;
  event.stopPropagation();
  event.currentTarget.open = false;
  event.currentTarget.firstElementChild.focus();
}

function closeOnLeave(event) {
  if (!event.currentTarget.contains(event.relatedTarget)) event.currentTarget.open = false;
}
