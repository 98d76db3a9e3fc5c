/** A unit as a small machine: what enters stands left, what leaves right, the curve between. */
import { nothing, svg } from '../../core/dom.js';
import { lazy } from '../../core/lazy.js';
import { shortText } from '../model/number.js';
import { cut, textWidth } from './text.js';

// Only wide drawings have room for them.
const curves = lazy(() => import('./curve.js'));

/**
 * @param {object} unit
 * @param {import('./layout.js').Box} box
 * @param {{network: object, places: object, select: Function, isSelected: boolean,
 *   isTabStop: boolean, spoken: string}} options
 */
export function unitTemplate(unit, box, options) {
  const { places, select, isSelected, isTabStop, spoken } = options;
  return svg`<g class="unit ${isSelected ? 'on' : ''}" role="graphics-symbol"
      aria-roledescription="unit" tabindex=${isTabStop ? 0 : -1} aria-label=${spoken}
      aria-current=${isSelected ? 'true' : nothing} data-unit=${unit.key}
      @click=${() => select({ layer: unit.layer, unit: unit.unit, edge: null })}>
    ${unit.why ? svg`<title>${unit.why}</title>` : nothing}
    ${frame(box, places.isUpright ? 8 : 10)}
    ${unit.isStub ? stubText(unit, box, places.isUpright) : texts(unit, box, options)}
  </g>`;
}

/** The box and its focus ring. */
const frame = ({ x, y, w, h }, radius) => svg`
  <rect class="box" x=${fixed(x)} y=${fixed(y)} width=${fixed(w)} height=${fixed(h)} rx=${radius}></rect>
  <rect class="ring" x=${fixed(x - 4)} y=${fixed(y - 4)} width=${fixed(w + 8)}
    height=${fixed(h + 8)} rx=${radius + 3}></rect>`;

const texts = (unit, box, options) => {
  if (options.places.isUpright) return uprightTexts(unit, box);
  if (!unit.left) return passingText(unit, box);
  const { x, y, w } = box;
  const pad = options.places.size < 13 ? 8 : 10;
  return svg`${unit.left ? side(unit.left, x + pad, y, 'start') : nothing}
    ${unit.right ? side(unit.right, x + w - pad, y, 'end') : nothing}
    ${options.places.hasCurves
      ? curves()?.glyph(unit, x + w / 2 - 15, y + 16, options.network) ?? nothing : nothing}
    ${above(unit, box)}`;
};

const side = (number, x, y, anchor) => svg`
  ${symbolText(number.symbol, x, y + 21, anchor)}${valueText(number, x, y + 43, anchor)}`;

/** A unit that hands on one value: a single line. */
const passingText = (unit, box) => {
  const { x, y, w, h } = box;
  return svg`${symbolText(unit.right.symbol, x + 8, y + h / 2 + 5, 'start', w < 128)}
    ${valueText(unit.right, x + w - 8, y + h / 2 + 5, 'end')}${above(unit, box)}`;
};

/** Class of an output and why a number is 0, above the box. */
function above(unit, { x, y, w }) {
  const half = unit.label && unit.note ? w / 2 - 8 : w;
  return svg`${unit.label ? caption(unit.label, x + 2, y - 7, half, 12, 'caption') : nothing}
    ${unit.note ? noteText(unit, x + w - 2, y - 7, half) : nothing}`;
}

function noteText(unit, x, y, width) {
  const number = unit.noteNumber;
  const words = number && !unit.label ? `${unit.note}: ${number.symbol.base} = ` : unit.note;
  const value = number && !unit.label ? shortText(number) : '';
  if (textWidth(words + value, 11) > width) {
    return svg`<text class="note" x=${fixed(x)} y=${fixed(y)} text-anchor="end">${
      cut(unit.note, width, 11)}</text>`;
  }
  return svg`<text class="note" x=${fixed(x)} y=${fixed(y)} text-anchor="end">${words}${
    value ? svg`<tspan data-value=${number.value} data-path=${number.path}>${value}</tspan>` : nothing
  }</text>`;
}

function uprightTexts(unit, box) {
  const { x, y, w, h, isStacked } = box;
  const numbers = [unit.left, unit.right].filter(Boolean);
  const lines = numbers.map((number, index) => (isStacked
    ? svg`${symbolText(number.symbol, x + 6, y + 16 + index * 35, 'start', true)}
        ${valueText(number, x + w - 6, y + 31 + index * 35, 'end')}`
    : svg`${symbolText(number.symbol, x + 7, y + 21 + index * 20, 'start', true)}
        ${valueText(number, x + w - 7, y + 21 + index * 20, 'end')}`));
  const text = unit.label ?? unit.note;
  return svg`${lines}${text ? below(text, box, unit.label ? 'caption' : 'note') : nothing}`;
}

/** Text below an upright unit, on a plate, so that no edge runs through it. */
function below(text, { x, y, w, h }, name) {
  const width = Math.min(w + 6, textWidth(text, 12) + 6);
  return svg`<rect class="plate" x=${fixed(x + (w - width) / 2)} y=${fixed(y + h + 3)}
      width=${fixed(width)} height="17"></rect>
    ${caption(text, x + w / 2, y + h + 16, w + 6, 12, name, 'middle')}`;
}

/** A unit that the answers do not explain: its name, and the value that its edge carries. */
const stubText = (unit, { x, y, w, h }, isUpright) => {
  const pad = isUpright ? 6 : 10;
  const [top, bottom] = isUpright ? [y + 17, y + h - 8] : [y + h / 2 + 5, y + h / 2 + 5];
  return svg`<text class="symbol" x=${fixed(x + pad)} y=${fixed(top)}>${unit.name}</text>
    ${unit.value.state === 'known' ? valueText(unit.value, x + w - pad, bottom, 'end') : nothing}`;
};

/** A symbol with its index; `isShort` writes ∂L/∂a as ∂a. */
export function symbolText({ base, sub, isNew }, x, y, anchor, isShort = false) {
  const shown = isShort ? base.replace('L/∂', '') : base;
  return svg`<text class="symbol" x=${fixed(x)} y=${fixed(y)} text-anchor=${anchor}>${shown}${
    sub ? svg`<tspan class="sub" dy="3">${sub}</tspan>` : nothing}${
    isNew ? svg`<tspan dy=${sub ? -3 : 0}>′</tspan>` : nothing}</text>`;
}

/** The value of a number with its full value and its place in the answers. */
export const valueText = (number, x, y, anchor) => svg`<text
  class="value ${number.state === 'known' ? '' : 'absent'}" x=${fixed(x)} y=${fixed(y)}
  text-anchor=${anchor} data-value=${number.value ?? nothing} data-path=${number.path ?? nothing}
  data-minus=${number.minus ?? nothing}>${shortText(number)}</text>`;

/** Text that is cut to a width, whole in its title. */
export function caption(text, x, y, width, size, name, anchor = 'start') {
  const shown = cut(text, width, size);
  return svg`<text class=${name} x=${fixed(x)} y=${fixed(y)} text-anchor=${anchor}>${shown}${
    shown === text ? nothing : svg`<title>${text}</title>`}</text>`;
}

const fixed = (value) => value.toFixed(1);
