/** Status of a job or of other work, as shape and word. */
import { html } from '../core/dom.js';
import { icon } from './icons.js';

const STATES = {
  queued: ['wait', ''],
  running: ['run', 'live'],
  paused: ['pause', ''],
  succeeded: ['done', 'good'],
  failed: ['fail', 'bad'],
  cancelled: ['stop', ''],
};

/** Icon of a status, in its colour. */
export const statusIcon = (status) => html`<span class="state ${STATES[status]?.[1] ?? ''}">${
  icon(STATES[status]?.[0] ?? 'info')}</span>`;

/** Chip with the icon and the word of a status. */
export const statusChip = (status) => html`<span class="chip ${STATES[status]?.[1] ?? ''}">${
  icon(STATES[status]?.[0] ?? 'info')}${status}</span>`;
