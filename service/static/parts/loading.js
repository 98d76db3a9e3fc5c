/** The line that stands where content comes after more than 200 ms. */
import { html, nothing } from '../core/dom.js';

/** @param {{isLoading: boolean}} resource @param {string} text such as `Reading step 1,200…` */
export const loadingLine = (resource, text) => (
  resource.isLoading ? html`<p class="loading" role="status">${text}</p>` : nothing);
