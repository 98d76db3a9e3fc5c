/** The button that copies formulas as LaTeX. */
import { html } from '../core/dom.js';
import { copyText } from '../core/download.js';

/** @param {import('../diagram/answers.js').Formula[]} formulas */
export const copyButton = (formulas) => html`<button type="button" class="button quiet copy"
  @click=${(event) => copy(event.currentTarget, formulas)}>Copy LaTeX</button>`;

async function copy(button, formulas) {
  const latex = formulas.map((formula) => formula.latex).filter(Boolean).join('\n\n');
  const isCopied = await copyText(latex);
  button.textContent = isCopied ? 'Copied' : 'Not allowed to copy';
  setTimeout(() => { button.textContent = 'Copy LaTeX'; }, 2000);
}
