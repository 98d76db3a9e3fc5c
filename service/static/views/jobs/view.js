/** View that is still empty. */
import { html } from '../../core/dom.js';

/** Open the view. */
export const open = () => ({
  title: () => 'jobs',
  render: () => html`<h1>jobs</h1>`,
  close: () => {},
});
