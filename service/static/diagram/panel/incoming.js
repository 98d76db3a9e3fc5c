/** The values that came into a unit: a line per edge, and its bias; the selected one is bold. */
import { html, nothing } from '../../core/dom.js';
import { count, exact, long, percent, short, subscript } from '../../core/numbers.js';
import { scrollBox } from '../../parts/scroll_box.js';
import { edgeKey, shownValue } from '../answers.js';
import { sameEdge } from './selection.js';

const HEADS = {
  forward: ['value', 'weight', 'product'],
  forwardBatch: ['mean value', 'weight', 'mean product'],
  backward: ['value', '∂L/∂w, row', 'sum of the batch'],
  backwardBatch: ['mean value', 'weight', '∂L/∂w, sum'],
  update: ['weight', 'change', 'new weight'],
};

/**
 * @param {import('./selection.js').Selection} selection
 * @param {(change: {edge: string}) => void} select
 */
export function incomingTable(selection, select) {
  const { clock, isRow, explained, edges } = selection;
  const phase = clock.phase === 'loss' ? 'forward' : clock.phase;
  const kind = phase === 'update' || isRow ? phase : `${phase}Batch`;
  const lines = [
    ...edges.map((edge) => edgeLine(selection, edge, kind)),
    ...(explained.bias ? [biasLine(selection, kind)] : []),
  ];
  // Three digits of a weight often hide its change.
  const texts = phase === 'update' ? [long, short, long] : [short, short, short];
  return html`<div class="scroll incoming" ${scrollBox('What came in')}><table>
    <caption class="hidden">What came into this unit</caption>
    <thead><tr><th scope="col">From</th>${HEADS[kind].map((head) => html`
      <th scope="col" class="number">${head}</th>`)}</tr></thead>
    <tbody>${lines.map((line) => tableLine(line, texts, select))}</tbody></table></div>
    ${leftOut(explained)}${kind === 'backward' ? notOfBatch(selection) : nothing}`;
}

const tableLine = ({ key, symbol, name, values, isSelected }, texts, select) => html`
  <tr class=${isSelected ? 'selected' : ''}><th scope="row"><button type="button" class="source"
    aria-pressed=${isSelected ? 'true' : 'false'} @click=${() => select({ edge: key })}>${
    symbol ? html`<span class="symbol">${symbol}</span> ` : nothing}<span class="cut" title=${name}>${name}</span>
    </button></th>
    ${values.map((value, column) => html`<td class="number" data-value=${value === null ? '' : exact(value)}>${
      texts[column](value)}</td>`)}</tr>`;

function edgeLine(selection, edge, kind) {
  const { clock, ofBatch } = selection;
  const value = (quantity) => shownValue(quantity, clock);
  const { entry } = edge;
  return {
    key: edgeKey(edge),
    ...sourceName(selection, edge),
    isSelected: selection.edge === edge,
    values: {
      forward: () => [value(edge.input), edge.weight, value(edge.term)],
      forwardBatch: () => [value(edge.input), edge.weight, value(edge.term)],
      backward: () => [value(edge.input), entry?.loss_gradient ?? null,
        sameEdge(ofBatch, edge)?.entry?.loss_gradient ?? null],
      backwardBatch: () => [value(edge.input), edge.weight, entry?.loss_gradient ?? null],
      update: () => [edge.weight, entry?.change ?? null, entry?.after ?? null],
    }[kind](),
  };
}

function biasLine({ explained, ofBatch, isBias }, kind) {
  const { bias } = explained;
  const ofAll = ofBatch?.bias?.loss_gradient ?? null;
  return {
    key: 'bias',
    symbol: '',
    name: 'bias',
    isSelected: isBias,
    values: {
      forward: [1, bias.before, bias.before],
      forwardBatch: [1, bias.before, bias.before],
      backward: [1, bias.loss_gradient, ofAll],
      backwardBatch: [1, bias.before, bias.loss_gradient],
      update: [bias.before, bias.change, bias.after],
    }[kind],
  };
}

/** Symbol and name of an edge's source: an input with its column, or a value of the layer before. */
function sourceName({ answers, explanation, layer }, edge) {
  if (edge.source === null) return { symbol: '', name: 'padding' };
  const index = edge.source.map((one) => subscript(one + 1)).join('‚');
  const isFirst = explanation.layers[0].name === layer.name && explanation.layers_left_out === 0;
  if (!isFirst) return { symbol: `a${index}`, name: '' };
  const input = edge.source.length === 1 ? answers.rows.inputs[edge.source[0]] : undefined;
  return { symbol: `x${index}`, name: input?.name ?? '' };
}

/** The batch has largest edges of its own. */
function notOfBatch({ edges, ofBatch }) {
  const missing = edges.filter((edge) => !sameEdge(ofBatch, edge)).length;
  if (!missing || !ofBatch?.edges.length) return nothing;
  return html`<p class="small muted">–: not among the batch’s ${count(ofBatch.edges.length)} largest edges.</p>`;
}

function leftOut({ edges, edges_left_out: left, edges_share: share }) {
  if (!left) return nothing;
  const part = share === null ? '' : ` They hold ${percent(share)} of the absolute gradient.`;
  return html`<p class="small muted">${count(edges.length)} of ${count(edges.length + left)} edges, those with the largest |<span
    class="symbol">∂L/∂w</span>|.${part}</p>`;
}
