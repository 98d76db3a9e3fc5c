/** Buttons of which one is pressed. */
import { html } from '../core/dom.js';

/**
 * @param {{label: string, options: {value: string, text: any}[], value: string,
 *   change: (value: string) => void}} options
 */
export const segmented = ({ label, options, value, change }) => html`
  <div class="segmented" role="group" aria-label=${label}>${options.map((option) => html`
    <button type="button" aria-pressed=${option.value === value ? 'true' : 'false'}
      @click=${() => change(option.value)}>${option.text}</button>`)}
  </div>`;
