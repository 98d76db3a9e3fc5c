/** The dialog that lists the keys of the diagram. */
import { createRef, html, ref } from '../core/dom.js';
import { areLettersOn, KEYS, switchLetters } from '../core/keys.js';

const dialog = createRef();

/** Open the dialog. */
export const openKeys = () => dialog.value?.showModal();

/** The dialog's element, closed at first. */
export const keysDialog = () => html`<dialog class="keys" aria-labelledby="keys-title" ${ref(dialog)}>
  <h2 id="keys-title">Keys</h2>
  <p class="muted">They act while the focus is in a diagram.</p>
  <dl>${KEYS.map(([keys, effect]) => html`<div><dt>${keys.split(' ').map((key) => html`
    <kbd>${key}</kbd> `)}</dt><dd>${effect}</dd></div>`)}</dl>
  <label class="check"><input type="checkbox" .checked=${areLettersOn.value}
    @change=${(event) => switchLetters(event.target.checked)}> Single letters act</label>
  <form method="dialog"><button class="button">Close</button></form>
</dialog>`;
