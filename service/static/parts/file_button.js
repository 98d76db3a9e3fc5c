/** Button that opens the system's dialog of files. */
import { html } from '../core/dom.js';

/** @param {{text: string, choose: (file: File) => void, isMain?: boolean}} options */
export const fileButton = ({ text, choose, isMain = false }) => html`
  <label class="button file-button ${isMain ? 'main' : ''}">${text}<input type="file" class="hidden"
    @change=${(event) => chosen(event, choose)}></label>`;

function chosen(event, choose) {
  const [file] = event.target.files;
  // The same file can be chosen again after it has changed.
  event.target.value = '';
  if (file) choose(file);
}
