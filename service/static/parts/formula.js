/** Formulas of the service: its MathML, rebuilt from a whitelist, and the spoken sentence below. */
import { html, nothing, ref } from '../core/dom.js';
import { lazy } from '../core/lazy.js';
import { scrollBox } from './scroll_box.js';

const copying = lazy(() => import('./copy_latex.js'));
const MATHML = 'http://www.w3.org/1998/Math/MathML';
const ELEMENTS = new Set(['math', 'mrow', 'mi', 'mn', 'mo', 'mtext', 'mspace', 'msup', 'msub', 'msubsup',
  'mfrac', 'msqrt', 'mroot', 'mover', 'munder', 'munderover', 'mtable', 'mtr', 'mtd', 'mpadded',
  'mphantom', 'mstyle']);
const TEXTS = new Set(['mi', 'mn', 'mo', 'mtext']);
const ATTRIBUTES = {
  class: /^[a-z][a-z -]*$/,
  display: /^(block|inline)$/,
  accent: /^(true|false)$/,
  stretchy: /^(true|false)$/,
  form: /^(prefix|infix|postfix)$/,
  mathvariant: /^normal$/,
  width: /^[\d.]+(em|px)$/,
};
const LONG_SPEECH = 300;

/**
 * Element of a MathML text. Elements and attributes that are not known are left out, with their
 * content; text that is not MathML is null.
 * @param {string} text
 * @returns {MathMLElement|null}
 */
export function mathElement(text) {
  // As HTML: for XML that is not well-formed, browsers make a document with inline styles.
  const parsed = new DOMParser().parseFromString(text, 'text/html').body.firstElementChild;
  return parsed?.namespaceURI === MATHML && parsed.localName === 'math' ? rebuild(parsed) : null;
}

function rebuild(element) {
  const made = document.createElementNS(MATHML, element.localName);
  for (const { name, value } of element.attributes) {
    if (Object.hasOwn(ATTRIBUTES, name) && ATTRIBUTES[name].test(value)) made.setAttribute(name, value);
  }
  for (const child of element.childNodes) {
    if (child.nodeType === Node.TEXT_NODE && TEXTS.has(element.localName)) made.append(child.data);
    if (isKnown(child)) made.append(rebuild(child));
  }
  return made;
}

const isKnown = (node) => node.nodeType === Node.ELEMENT_NODE && node.namespaceURI === MATHML
  && ELEMENTS.has(node.localName);

const drawn = new WeakMap();

/** Directive that fills an element with a formula, once per formula. */
const filled = (mathml) => ref((box) => {
  if (!box || drawn.get(box) === mathml) return;
  drawn.set(box, mathml);
  box.replaceChildren(mathElement(mathml) ?? '');
});

/**
 * A formula, and its sentence as text.
 * @param {import('../diagram/answers.js').Formula} formula
 */
const formulaView = (formula) => html`<div class="formula">
  <div class="math" ${scrollBox('Formula')}><div ${filled(formula.mathml)}></div></div>
  ${spoken(formula.speech)}
</div>`;

const spoken = (speech) => (speech.length <= LONG_SPEECH ? html`<p class="spoken">${speech}.</p>`
  : html`<details class="spoken"><summary>In words</summary>${speech}.</details>`);

/** Formulas below each other, with a button that copies them where the answer has LaTeX. */
export const formulasView = (formulas) => html`<div class="formulas">${formulas.map(formulaView)}
  ${formulas.some(({ latex }) => latex) ? copying()?.copyButton(formulas) ?? nothing : nothing}</div>`;
