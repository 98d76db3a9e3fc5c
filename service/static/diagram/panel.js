/** The panel beside the drawing: one unit, from five numbers over its chain rule to what came in. */
import { html, nothing } from '../core/dom.js';
import { lazy } from '../core/lazy.js';
import { count, short } from '../core/numbers.js';
import { formulasView } from '../parts/formula.js';
import { showsRow } from './answers.js';
import { activationName } from './model/names.js';
import { factList } from './panel/facts.js';
import { formulasOf } from './panel/formulas.js';
import { incomingTable } from './panel/incoming.js';
import { selectionOf } from './panel/selection.js';
import { summary } from './panel/words.js';

const update = lazy(() => import('./panel/update.js'));
const unknown = lazy(() => import('./panel/unknown.js'));
const bars = lazy(() => import('./row_bars.js'));

/**
 * @param {{answers: import('./answers.js').StepAnswers, network: import('./model.js').DrawnNetwork,
 *   clock: import('./answers.js').Clock, select: (change: object) => void, id: string}} options
 */
export function panel({ answers, network, clock, select, id }) {
  const selection = selectionOf(answers, network, clock);
  if (!selection) return noSelection(answers, network, clock);
  const { drawn, layer, explained, details } = selection;
  return html`${heading(drawn, layer, network)}
    ${network.difference ? html`<p class="small muted">${network.difference.panel}</p>` : nothing}
    ${factList(selection)}
    ${whyZero(selection)}
    ${isUnknownEdge(selection) ? unknown()?.unknownEdge(selection) ?? nothing : nothing}
    <p class="summary">${isWithoutGradients(selection) ? unknown()?.noGradients(selection) ?? nothing
      : clock.phase === 'update' ? update()?.updateWords(selection) ?? nothing : summary(selection)}</p>
    ${details ? formulasView(formulasOf(selection)) : nothing}
    ${explained.edges.length ? incomingTable(selection, select) : nothing}
    ${clock.phase === 'update' ? update()?.updateSection(selection) ?? nothing
      : clock.phase === 'backward' && !showsRow(clock) ? bars()?.rowBars({ selection, id }) ?? nothing
        : nothing}`;
}

function heading(drawn, layer, network) {
  const drawnLayer = network.layers.find(({ key }) => key === layer.name);
  const place = `${count(drawn.unit + 1)} of ${count(layer.unit_count)}`;
  const kind = layer.activation ? `, ${activationName(layer.activation)}` : '';
  return html`<h2 class="h3"><span><span class="symbol">${drawn.name}</span>&ensp;${
    drawn.label ?? `${drawnLayer.name} unit ${count(drawn.unit + 1)}`}</span>
    <span class="small faint">${place}${kind}</span></h2>`;
}

const isWithoutGradients = ({ explanation, clock }) => clock.phase !== 'forward' && explanation.loss.value === null;
const isUnknownEdge = ({ clock, edges, isEdgeChosen }) => clock.edge !== null && edges.length > 0 && !isEdgeChosen;

const noSelection = (answers, network, clock) => html`<h2 class="h3">No unit is selected</h2>
  ${clock.layer === null ? nothing : unknown()?.unknownUnit(network, clock) ?? nothing}
  <p class="muted">Choose a unit of the drawing to read its chain rule. ${
    clock.phase === 'forward' ? nothing : `The loss of the batch is ${short(answers.batch.loss.value)}.`}</p>`;

/** Causes of zeros of the phase, as the service explains them. */
function whyZero({ explained, clock, edge }) {
  const fields = {
    forward: [['a', explained.a], ['z', explained.z]],
    loss: [['a', explained.a]],
    backward: [['δ', explained.delta], ['∂L/∂a', explained.a_gradient]],
    update: [],
  }[clock.phase];
  const found = showsRow(clock)
    ? fields.map(([name, quantity]) => [name, quantity?.zero]).find(([, zero]) => zero) : undefined;
  const ofEdge = {
    backward: ['∂L/∂w', edge?.entry?.zero_gradient], update: ['w′ − w', edge?.entry?.zero_update],
  }[clock.phase];
  const [name, zero] = found ?? (ofEdge?.[1] ? ofEdge : []);
  return zero ? html`<p class="why"><strong>Why is <span class="symbol">${name}</span> 0?</strong> ${
    zero.text.charAt(0).toUpperCase()}${zero.text.slice(1)}.${silent(explained)}</p>` : nothing;
}

const silent = ({ active_rows: active, a, z }) => (active === 0 && a.batch === 0 && z
  ? ' It is off for every row of the batch.' : '');
