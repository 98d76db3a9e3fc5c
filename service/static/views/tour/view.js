/** View that is still empty. */
import { html } from '../../core/dom.js';

/** Open the view. */
export const open = () => ({
  title: () => 'tour',
  render: () => html`<h1>tour</h1>`,
  close: () => {},
});
