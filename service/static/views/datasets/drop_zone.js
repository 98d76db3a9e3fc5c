/** Where a file is dropped or chosen. */
import { html } from '../../core/dom.js';
import { go } from '../../core/router.js';
import { signal } from '../../core/state.js';
import { fileButton } from '../../parts/file_button.js';
import { chooseFile } from './draft.js';

const isOver = signal(false);

/** @param {{text: string}} options the words that stand before "or choose one" */
export function dropZone({ text }) {
  return html`<div class=${isOver.value ? 'drop over' : 'drop'}
      @dragover=${over} @dragleave=${() => { isOver.value = false; }} @drop=${dropped}>
    <p><strong>${text}</strong>, or choose one. <span class="muted">CSV, TSV, JSON, Parquet, Arrow, NumPy.</span></p>
    ${fileButton({ text: 'Choose a file', choose: take })}
  </div>`;
}

function over(event) {
  if (![...event.dataTransfer.types].includes('Files')) return;
  event.preventDefault();
  isOver.value = true;
}

function dropped(event) {
  event.preventDefault();
  isOver.value = false;
  const [file] = event.dataTransfer.files;
  if (file) take(file);
}

function take(file) {
  chooseFile(file);
  go('datasets', 'new');
}
