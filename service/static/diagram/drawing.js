/** The drawing of a network: a pure function of the network, the clock and the width. */
import { html, nothing, ref, repeat, svg } from '../core/dom.js';
import { count } from '../core/numbers.js';
import { scrollBox } from '../parts/scroll_box.js';
import { edgeLines, edgeNumbers, placedEdges, plainLines } from './drawing/edges.js';
import { layout, mostUnits } from './drawing/layout.js';
import { inputSentence, layerSentence, lossSentence, unitSentence } from './drawing/spoken.js';
import { caption, symbolText, unitTemplate, valueText } from './drawing/unit.js';
import { shortText } from './model/number.js';
import { cut, textWidth } from './drawing/text.js';
import { visible } from './drawing/visible.js';

/**
 * The drawing, with sentences on what is not drawn.
 * @param {{network: import('./model.js').DrawnNetwork, clock: import('./answers.js').Clock,
 *   width: number, id: string, select: (change: {layer: string, unit: number, edge: string|null}) =>
 *   void, tableId?: string}} options `id` is unique on the page, `tableId` that of the table twin
 */
export function drawing({ network, clock, width, select, id, tableId }) {
  const { columns, sentences } = visible(network, clock, mostUnits(width));
  const places = layout(columns, width);
  const placed = placedEdges({ columns, places, clock });
  const hasSelection = columns.some((column) => column.key === clock.layer
    && column.units.some((unit) => unit.unit === clock.unit));
  const context = { network, clock, columns, places, hasSelection, select };
  return html`<div class="drawing">${leftOut(network.difference?.drawing)}<div class="drawing-scroll" ${scrollBox('Drawing')}
      ${ref((box) => keepInSight(box, clock, places))}>
    <svg class="network ${places.size < 13 ? 'small' : ''}" width=${places.width.toFixed(0)} height=${places.height.toFixed(0)}
      viewBox="0 0 ${places.width.toFixed(0)} ${places.height.toFixed(0)}" role="graphics-document"
      aria-labelledby="${id}-title" aria-describedby="${id}-description"
      aria-details=${tableId ?? nothing}>
      <title id="${id}-title">${titleOf(network)}</title>
      <desc id="${id}-description">Arrow keys move between layers and units, square brackets change the
        phase. The same numbers are in the table below.</desc>
      <g aria-hidden="true">${plainLines(context)}${edgeLines(placed, context)}</g>
      ${repeat(columns, (column) => column.key, (column, index) => (
        columnTemplate(column, places.titles[index], context)))}
      <g aria-hidden="true">${edgeNumbers(placed, context)}</g>
    </svg></div>
    ${sentences.map(leftOut)}</div>`;
}

const leftOut = (sentence) => (sentence ? html`<p class="left-out">${sentence}</p>` : nothing);

function titleOf(network) {
  const sizes = [network.inputs, ...network.layers].map((layer) => layer.unitCount);
  const shown = sizes.length > 9 ? `of ${network.layers.length} layers` : sizes.join('-');
  return `Network ${shown}, step ${count(network.step)}, ${network.phase}${network.difference ? ', differences' : ''}`;
}

function columnTemplate(column, title, context) {
  switch (column.kind) {
    case 'inputs': return inputsTemplate(column, title, context);
    case 'loss': return lossTemplate(column, title, context);
    case 'gap': return gapTemplate(column, title, context);
    default: return layerTemplate(column, title, context);
  }
}

/** Title of a column; upright it stands on a plate, above the edges. */
function titleText(column, { x, y, w }, isUpright) {
  const n = column.units.length;
  const isCut = column.unitCount > n;
  const counted = `${count(n)} of ${count(column.unitCount)} ${
    column.kind === 'inputs' ? 'inputs' : 'units'}`;
  if (isUpright) {
    const whole = isCut ? `${column.title}, ${count(n)} of ${count(column.unitCount)}` : column.title;
    return svg`<rect class="plate" x=${x - 4} y=${y - 13} height="18"
        width=${Math.min(w + 4, textWidth(whole, 12) + 10).toFixed(1)}></rect>
      ${caption(whole, x, y, w, 12, 'caption')}`;
  }
  return svg`${caption(column.title, x, y, w, 12, 'caption')}
    ${isCut ? svg`<text class="note" x=${x} y=${y + 16}>${counted}</text>` : nothing}`;
}

function layerTemplate(column, title, context) {
  const { places, clock, hasSelection } = context;
  return svg`<g role="group" aria-label=${layerSentence(column)} data-layer=${column.key}>
    ${titleText(column, title, places.isUpright)}
    ${repeat(column.units, (unit) => unit.key, (unit) => {
      const isSelected = column.key === clock.layer && unit.unit === clock.unit;
      return unitTemplate(unit, places.boxes.get(unit.key), {
        ...context, isSelected, isTabStop: hasSelection ? isSelected : isFirst(unit, context),
        spoken: unitSentence(unit, column.layer),
      });
    })}</g>`;
}

const isFirst = (unit, { columns }) => (
  columns.find((column) => column.kind === 'layer')?.units[0]?.key === unit.key);

const inputsTemplate = (column, title, { places }) => svg`
  <g role="group" aria-label="Inputs">${titleText(column, title, places.isUpright)}
    ${repeat(column.units, (unit) => unit.key, (unit) => inputTemplate(
      unit, places.boxes.get(unit.key), places.isUpright))}</g>`;

function inputTemplate(unit, box, isUpright) {
  const { x, y, w, h, isCompact } = box;
  const pad = isUpright || w < 112 ? 8 : 12;
  const isKnown = unit.value.state !== 'none' || !unit.isPlain;
  const value = !isKnown ? nothing : valueText(unit.value, x + w - pad, y + h - (isCompact ? 8 : 13), 'end');
  const rawRoom = w - 2 * pad - 6 - textWidth(shortText(unit.value), 13);
  const raw = cut(unit.raw, rawRoom, 11);
  const isRawShown = !isCompact && !isUpright && (raw === unit.raw || raw.length > 2);
  return svg`<g class="input" role="graphics-symbol" aria-roledescription="input"
      aria-label=${inputSentence(unit)}>
    <rect class="box" x=${fixed(x)} y=${fixed(y)} width=${fixed(w)} height=${fixed(h)} rx="6"></rect>
    ${caption(unit.name, x + pad, y + (isCompact ? 16 : 21), w - 2 * pad, 12, 'caption')}
    ${!isRawShown ? nothing
      : caption(unit.raw, x + pad, y + h - 13, rawRoom, 11, 'note')}${value}</g>`;
}

function lossTemplate(column, title, { places }) {
  const [loss] = column.units;
  const { x, y, w, h } = places.boxes.get(loss.key);
  const pad = w < 104 ? 8 : 12;
  return svg`<g role="group" aria-label="Loss">
    ${places.isUpright ? nothing : caption(column.title, x, title.y, w + 6, 12, 'caption')}
    <g class="input" role="graphics-symbol" aria-roledescription="loss" aria-label=${lossSentence(loss)}>
      <rect class="box" x=${fixed(x)} y=${fixed(y)} width=${fixed(w)} height=${fixed(h)} rx="6"></rect>
      ${symbolText(loss.value.symbol, x + pad, y + 21, 'start')}
      ${valueText(loss.value, x + w - pad, y + 21, 'end')}
      ${caption(shortTruth(loss.truth, w - 2 * pad), x + pad, y + h - 13, w - 2 * pad, 11, 'note')}</g></g>`;
}

/** `true: setosa`, or only the class where there is no room. */
const shortTruth = (truth, room) => (
  textWidth(truth, 11) <= room ? truth : truth.replace(/^true: /, ''));

function gapTemplate({ left }, { x, y, w }, { places }) {
  const words = `${count(left)} ${left === 1 ? 'layer' : 'layers'} not drawn`;
  if (places.isUpright) return svg`<text class="note" x=${x + w / 2} y=${y + 16} text-anchor="middle">${words}</text>`;
  const middle = places.height / 2 + 20;
  return svg`<g class="gap"><path class="edge plain skip" stroke-width="1.5"
      d="M${x} ${middle}h56"></path>
    <text class="note" x=${x} y=${middle - 22}>${cut(`${count(left)} layers`, w, 11)}</text>
    <text class="note" x=${x} y=${middle - 8}>not drawn</text></g>`;
}

const lastSelected = new WeakMap();

/** Scroll a wide drawing to the selected unit when another one is selected, and only then. */
function keepInSight(box, { layer, unit }, { boxes, width }) {
  const key = `${layer}.${unit}`;
  const place = boxes.get(key);
  if (!box || !place || lastSelected.get(box) === key) return;
  lastSelected.set(box, key);
  // The box has its width after this rendering.
  requestAnimationFrame(() => scrollTo(box, place, width));
}

function scrollTo(box, place, width) {
  if (width <= box.clientWidth) return;
  const margin = place.w;
  const [start, end] = [place.x - margin, place.x + place.w + margin];
  if (start < box.scrollLeft || end > box.scrollLeft + box.clientWidth) {
    box.scrollLeft = place.x + place.w / 2 - box.clientWidth / 2;
  }
}

/** Move the focus to the unit of a clock; true if it is drawn. */
export function focusUnit(root, { layer, unit }) {
  const found = root.querySelector(`[data-unit="${CSS.escape(`${layer}.${unit}`)}"]`);
  found?.focus({ preventScroll: false });
  return Boolean(found);
}

const fixed = (value) => value.toFixed(1);
