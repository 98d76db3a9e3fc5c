/** View that is still empty. */
import { html } from '../../core/dom.js';

/** Open the view. */
export const open = () => ({
  title: () => 'model',
  render: () => html`<h1>model</h1>`,
  close: () => {},
});
