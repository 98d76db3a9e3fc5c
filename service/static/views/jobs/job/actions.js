/** Commands on a job: exactly those that its links have. */
import { connection, post } from '../../../core/api.js';
import { createRef, html, nothing, ref } from '../../../core/dom.js';
import { href } from '../../../core/router.js';
import { signal } from '../../../core/state.js';
import { problemView } from '../../../parts/problem.js';

/** @param {ReturnType<typeof import('./state.js').openJob>} state */
export function jobActions(state) {
  const isAsking = signal(false);
  const sent = signal(null);
  const problem = signal(null);
  const group = createRef();

  async function command(name, query = '') {
    if (sent.peek() !== null) return;
    sent.value = name;
    problem.value = null;
    try {
      state.put(await post(`${state.job.peek().links[name]}${query}`));
    } catch (error) {
      problem.value = error;
    }
    isAsking.value = false;
    sent.value = null;
    keepFocus();
  }

  /** A pressed button may be gone: the focus then goes to the group, not to the page. */
  function keepFocus() {
    if (document.activeElement === document.body) group.value?.focus();
  }

  function ask(wanted) {
    isAsking.value = wanted;
    group.value?.querySelector(wanted ? '.confirm button' : 'button')?.focus();
  }

  return {
    /** Buttons at the head of a job. */
    render: () => headButtons({ links: state.job.value.links, group, isAsking, sent, ask, command }),
    /** Buttons beside the reason of a failure. */
    retryButtons: () => retryButtons({ job: state.job.value, checkpoints: state.checkpoints.value, sent, command }),
    /** Problem of the last command, and a note while the connection is lost. */
    renderProblem: () => html`${problem.value ? problemView(problem.value) : nothing}${waitNote(state.job.value.links)}`,
  };
}

function headButtons({ links, group, isAsking, sent, ask, command }) {
  const button = (name, text, press) => (links[name] ? html`<button type="button" class="button"
    aria-busy=${sent.value === name ? 'true' : 'false'} @click=${press}>${text}</button>` : nothing);
  const id = links.self.split('/').at(-1);
  return html`<div class="row" role="group" aria-label="Commands" tabindex="-1" ${ref(group)}>${
    isAsking.value && links.cancel ? confirmation(ask, command) : html`
      ${button('pause', 'Pause', () => command('pause'))}
      ${button('resume', 'Resume', () => command('resume'))}
      ${button('cancel', 'Cancel', () => ask(true))}
      ${links.model ? html`<a class="button" href=${href('models', links.model.split('/').at(-1))}>Open the model</a>` : nothing}`}
    ${links.explain ? html`<a class="button main" href=${href('backpropagation', id)}>Look inside</a>` : nothing}
  </div>`;
}

const confirmation = (ask, command) => html`<span class="row confirm" @keydown=${(event) => {
  if (event.key === 'Escape') ask(false);
}}><span>Cancel for good? The weights so far are kept as a model.</span>
  <button type="button" class="button" @click=${() => command('cancel')}>Cancel the job</button>
  <button type="button" class="button" @click=${() => ask(false)}>Keep it</button></span>`;

function retryButtons({ job, checkpoints, sent, command }) {
  if (!job.links.retry) return nothing;
  const has = (checkpoints?.length ?? 0) > 0;
  const button = (text, from) => html`<button type="button" class="button"
    aria-busy=${sent.value === 'retry' ? 'true' : 'false'} @click=${() => command('retry', `?from=${from}`)}>${text}</button>`;
  return html`${has ? button('Retry from the last checkpoint', 'checkpoint') : nothing}${
    button(has ? 'Retry from the start' : 'Retry', 'start')}`;
}

const COMMANDS = ['pause', 'resume', 'cancel', 'retry'];

const waitNote = (links) => (connection.value.isOnline || !COMMANDS.some((name) => links[name]) ? nothing
  : html`<p class="small muted">Commands wait for the connection: press again when the service can be reached.</p>`);
