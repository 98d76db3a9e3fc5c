/** View that is still empty. */
import { html } from '../../core/dom.js';

/** Open the view. */
export const open = () => ({
  title: () => 'new job',
  render: () => html`<h1>new job</h1>`,
  close: () => {},
});
