/** View that is still empty. */
import { html } from '../../core/dom.js';

/** Open the view. */
export const open = () => ({
  title: () => 'backpropagation',
  render: () => html`<h1>backpropagation</h1>`,
  close: () => {},
});
