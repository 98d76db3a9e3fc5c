/** View that is still empty. */
import { html } from '../../core/dom.js';

/** Open the view. */
export const open = () => ({
  title: () => 'start',
  render: () => html`<h1>start</h1>`,
  close: () => {},
});
