/** Horizontal bars with their names and numbers beside them. */
import { html, repeat, nothing } from '../core/dom.js';
import { short } from '../core/numbers.js';

const MOST_BARS = 50;

/**
 * @typedef {object} Bar
 * @property {string} name text before the bar, cut with "…" and whole in the title
 * @property {number|null} value length of the bar, and `data-value` of its text
 * @property {string} [text] text behind the bar; three significant digits of the value by default
 * @property {boolean} [isStrong] whether the bar is the one that counts, such as the predicted class
 */

/**
 * List of bars from 0 to `max`. It is text throughout, so that it needs no other twin.
 * @param {Bar[]} items
 * @param {{label: string, max?: number, most?: number}} options `label` names the list; `max` is
 *   the value of a full bar, by default the largest one
 */
export function bars(items, { label, max = largest(items), most = MOST_BARS }) {
  const shown = items.slice(0, most);
  return html`<ul class="bars" aria-label=${label}>
      ${repeat(shown, (item, index) => `${index} ${item.name}`, (item) => bar(item, max))}
    </ul>
    ${shown.length < items.length
      ? html`<p class="small faint">${shown.length} of ${items.length} bars drawn.</p>` : nothing}`;
}

function bar({ name, value, text = short(value), isStrong = false }, max) {
  return html`<li class=${isStrong ? 'bar strong' : 'bar'}>
    <span class="bar-name" title=${name}>${name}</span>
    <svg class="bar-track" width="100%" height="10" aria-hidden="true" focusable="false">
      <rect class="bar-rest" width="100%" height="10" rx="2"></rect>
      <rect class="bar-value" width="${share(value, max)}%" height="10" rx="2"></rect>
    </svg>
    <span class="bar-text" data-value=${value}>${text}</span>
  </li>`;
}

const largest = (items) => Math.max(0, ...items.map(({ value }) => Math.abs(value ?? 0)));

/** Length of a bar in percent, from 0 to 100. */
export function share(value, max) {
  if (!(max > 0) || !Number.isFinite(value)) return 0;
  return Math.min(100, (Math.abs(value) / max) * 100);
}
