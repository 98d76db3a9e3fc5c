/** The resolved spec of a job, and the environment that trained it. */
import { html, nothing } from '../../../core/dom.js';
import { copyText } from '../../../core/download.js';
import { exact } from '../../../core/numbers.js';
import { signal } from '../../../core/state.js';
import { newJobHref } from './links.js';

/** Spec as JSON with a button that copies it. */
export function specDetails(state) {
  const copied = signal('');
  const copy = async () => {
    const isCopied = await copyText(JSON.stringify(state.job.peek().spec, null, 2));
    copied.value = isCopied ? 'Copied' : 'The browser does not allow copying: select the text';
  };
  return {
    render: () => {
      const { id, spec } = state.job.value;
      return html`<details><summary>Resolved spec</summary><div class="stack">
        <div class="row"><button type="button" class="button small" @click=${copy}>Copy</button>
          <a class="button small" href=${newJobHref(id)}>Train with changes</a>
          <span class="small muted" role="status">${copied.value}</span></div>
        <pre class="json" tabindex="0" role="region" aria-label="Resolved spec">${JSON.stringify(spec, null, 2)}</pre></div></details>`;
    },
  };
}

/** Versions and processor features of the worker. */
export function environmentDetails({ environment }) {
  if (environment === null) return nothing;
  return html`<details><summary>Environment</summary><dl class="pairs">${Object.entries(environment).map(([name, value]) => html`
    <div><dt>${name.replaceAll('_', ' ')}</dt><dd>${typeof value === 'number' ? exact(value) : String(value)}</dd></div>`)}</dl></details>`;
}
