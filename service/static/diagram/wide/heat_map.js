/** All weights of a layer, or a block of them, as a map: one line per unit, one column per input. */
import { html, nothing } from '../../core/dom.js';
import { count, long, short } from '../../core/numbers.js';
import { theme } from '../../core/theme.js';
import { loadingLine } from '../../parts/loading.js';
import { problemView } from '../../parts/problem.js';
import { pagedTable } from '../../parts/table.js';
import { cellMap } from './cells.js';
import { inputNames, sizeOf, unitNames, withoutGradients } from './layers.js';
import { chooseBlock, layerBlocks, matrixAnswer, matrixValues } from './matrix.js';
import { limitOf } from './pixels.js';
import { quantityOf } from './quantity.js';

/**
 * @param {{answers: object, source: object, clock: object, select: Function}} view
 * @param {object} layer of the batch
 */
export function heatMap(view, layer) {
  const { blocks, block } = layerBlocks(view, layer);
  if (!block) {
    return html`<p class="muted">The map is not drawn: the layer has ${count(layer.unit_count)} units.</p>`;
  }
  const answer = matrixAnswer(view, layer, block);
  if (!answer) return html`<p class="muted">The map of all weights needs a job.</p>`;
  return html`<figure class="heat">
    ${loadingLine(answer, `Reading ${count(block.inputs * block.units)} ${quantityOf(view.clock).noun}…`)}
    ${answer.problem ? problemView(answer.problem, { retry: () => answer.reload() }) : nothing}
    ${answer.value ? drawn(view, layer, block, answer.value) : nothing}
    ${blocks.length > 1 ? chooser(view, blocks, block, layer) : nothing}
  </figure>`;
}

function drawn(view, layer, block, answer) {
  const { clock } = view;
  const values = matrixValues(answer, layer, block, clock);
  const quantity = quantityOf(clock);
  if (!values) {
    return html`<p class="muted">No map of ${quantity.noun}. ${withoutGradients(answer.explanation.layers[0])}</p>`;
  }
  const names = namesOf(view.answers, layer, block);
  return html`
    ${cellMap({
      key: `${view.source.key}.${layer.name}`,
      label: mapName(layer, block, quantity),
      values,
      columns: block.inputs,
      isCanvas: true,
      theme: theme.value,
      marks: marksOf(clock, layer, block),
      describe: (column, line) => `${names.input(column)} to ${names.unit(line)}: ${quantity.one} ${
        long(values[line * block.inputs + column])}`,
      select: (column, line) => view.select({
        layer: layer.name,
        unit: block.firstUnit + line,
        edge: String(block.firstInput + column),
      }),
    })}
    <figcaption class="small muted">${caption(layer, block, quantity, limitOf(values), answer)}</figcaption>
    ${twin(view, values, block, names, quantity)}`;
}

function mapName(layer, block, { noun }) {
  const total = sizeOf(layer.in_shape) * layer.unit_count;
  const shown = block.inputs * block.units;
  return shown === total ? `All ${count(total)} ${noun}` : `${count(shown)} of ${count(total)} ${noun}`;
}

function caption(layer, block, quantity, limit, answer) {
  const at = answer.explanation.step;
  return `${mapName(layer, block, quantity)} of step ${count(at)}. One line per unit, one column per input. `
    + (limit === 0 ? 'All are exactly 0.'
      : `Blue: positive, orange: negative; square-root scale to ±${short(limit)}.`);
}

function namesOf(answers, layer, block) {
  const input = inputNames(answers, layer);
  const unit = unitNames(answers, layer);
  return {
    input: (column) => input(block.firstInput + column),
    unit: (line) => unit(block.firstUnit + line),
  };
}

function marksOf(clock, layer, block) {
  const line = clock.layer === layer.name && clock.unit !== null ? clock.unit - block.firstUnit : -1;
  if (line < 0 || line >= block.units) return [];
  const unit = { column: 0, line, columns: block.inputs, lines: 1, kind: 'unit' };
  const column = clock.edge === null ? -1 : Number(clock.edge) - block.firstInput;
  if (!(column >= 0 && column < block.inputs)) return [unit];
  return [unit, { column, line, columns: 1, lines: 1, kind: 'edge' }];
}

function chooser(view, blocks, block, layer) {
  const index = blocks.indexOf(block);
  const go = (next) => chooseBlock(view, layer, next);
  return html`<div class="row" role="group" aria-label="Part of the map">
    <button type="button" class="button small" ?disabled=${index === 0}
      @click=${() => go(index - 1)}>Previous part</button>
    <span class="small muted">Inputs ${count(block.firstInput + 1)} to ${
      count(block.firstInput + block.inputs)} of ${count(sizeOf(layer.in_shape))}${
      block.units < layer.unit_count ? `, units ${count(block.firstUnit + 1)} to ${
        count(block.firstUnit + block.units)} of ${count(layer.unit_count)}` : ''}</span>
    <button type="button" class="button small" ?disabled=${index === blocks.length - 1}
      @click=${() => go(index + 1)}>Next part</button>
  </div>`;
}

/** The same numbers as a table; its rows are made page by page. */
function twin(view, values, block, names, quantity) {
  const row = (index) => {
    const line = Math.floor(index / block.inputs);
    const column = index % block.inputs;
    return {
      key: String(index),
      cells: [names.unit(line), names.input(column),
        html`<span data-value=${values[index]}>${long(values[index])}</span>`],
    };
  };
  const rows = {
    length: values.length,
    slice: (first, end) => Array.from(
      { length: Math.min(end, values.length) - first }, (_, index) => row(first + index)),
  };
  return html`<details><summary>Show as a table</summary>${pagedTable({
    key: `heat.${view.source.key}.${view.clock.layer}`,
    caption: `The ${quantity.noun} of the map`,
    head: [{ text: 'Unit' }, { text: 'Input' }, { text: quantity.symbol, isNumber: true }],
    rows,
  })}</details>`;
}
