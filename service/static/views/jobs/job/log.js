/** Log of a job's events, the oldest first. */
import { html, nothing, repeat } from '../../../core/dom.js';
import { count } from '../../../core/numbers.js';
import { clockTime, dayTime } from '../../../core/times.js';
import { icon } from '../../../parts/icons.js';
import { problemView } from '../../../parts/problem.js';
import { eventTitle, eventWords, grouped } from './event_words.js';

const LEVELS = { warning: 'warn', error: 'fail' };

/** @param {ReturnType<typeof import('./events.js').jobEvents>} log */
export function eventLog({ events, hasEarlier, problem, earlier }) {
  const lines = grouped(events.value);
  return html`<section class="stack"><h2 class="h3">Events</h2>
    ${hasEarlier.value ? html`<p class="row"><button type="button" class="button small" @click=${earlier}>Show earlier events</button>
      <span class="small muted">the newest ${count(events.value.length)} are shown</span></p>` : nothing}
    ${problem.value ? problemView(problem.value) : nothing}
    <ol class="events">${repeat(lines, ({ key }) => key, line)}</ol>
  </section>`;
}

const line = (event) => html`<li title=${eventTitle(event)}>
  <time datetime=${event.at} title=${dayTime(event.at)}>${clockTime(event.at, { hasSeconds: true })}</time>
  <span>${LEVELS[event.level] ? html`${icon(LEVELS[event.level])}<span class="hidden">${event.level}: </span>` : nothing}${
    eventWords(event)}</span></li>`;
