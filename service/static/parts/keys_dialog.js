/** The dialog that lists the keys of the diagram. */
import { html, ref } from '../core/dom.js';
import { areLettersOn, KEYS, switchLetters } from '../core/keys.js';

/** The dialog, which is open. `close` is called when a person closes it. */
export const keysDialog = (close) => html`<dialog class="keys" aria-labelledby="keys-title" ${ref(open)}
  @close=${close}>
  <h2 id="keys-title">Keys</h2>
  <p class="muted">They act while the focus is in a diagram.</p>
  <dl>${KEYS.map(([keys, effect]) => html`<div><dt>${keys.split(' ').map((key) => html`
    <kbd>${key}</kbd> `)}</dt><dd>${effect}</dd></div>`)}</dl>
  <label class="check"><input type="checkbox" .checked=${areLettersOn.value}
    @change=${(event) => switchLetters(event.target.checked)}> Single letters act</label>
  <form method="dialog"><button class="button">Close</button></form>
</dialog>`;

/** The element is not in the document yet when it is made. */
function open(dialog) {
  queueMicrotask(() => { if (dialog?.isConnected && !dialog.open) dialog.showModal(); });
}
