/** View that is still empty. */
import { html } from '../../core/dom.js';

/** Open the view. */
export const open = () => ({
  title: () => 'datasets',
  render: () => html`<h1>datasets</h1>`,
  close: () => {},
});
