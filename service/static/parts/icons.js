/** Icons of states. Each stands beside a word, so it is hidden from screen readers. */
import { svg, html } from '../core/dom.js';

const RING = svg`<circle cx="7" cy="7" r="6" fill="none" stroke="currentColor" stroke-width="1.5"/>`;
const SHAPES = {
  done: svg`${RING}<path d="M4 7.2l2.1 2.1L10 5.2" fill="none" stroke="currentColor" stroke-width="1.5"/>`,
  run: svg`<circle cx="7" cy="7" r="6" fill="none" stroke="currentColor" stroke-width="1.5"
      stroke-dasharray="3 2.5"/><path d="M5.5 4.3v5.4L10 7z" fill="currentColor"/>`,
  wait: svg`${RING}<path d="M7 3.8V7l2.2 1.6" fill="none" stroke="currentColor" stroke-width="1.5"/>`,
  pause: svg`${RING}<path d="M5.5 4.7v4.6M8.5 4.7v4.6" fill="none" stroke="currentColor" stroke-width="1.5"/>`,
  stop: svg`${RING}<path d="M5 5h4v4H5z" fill="currentColor"/>`,
  fail: svg`<path d="M4.6 1h4.8L13 4.6v4.8L9.4 13H4.6L1 9.4V4.6z" fill="none" stroke="currentColor"
      stroke-width="1.5"/><path d="M4.8 4.8l4.4 4.4m0-4.4L4.8 9.2" stroke="currentColor" stroke-width="1.5"/>`,
  warn: svg`<path d="M7 1.6l5.6 10.2H1.4z" fill="none" stroke="currentColor" stroke-width="1.5"
      stroke-linejoin="round"/><path d="M7 5.2v3.2M7 9.4v1.2" stroke="currentColor" stroke-width="1.5"/>`,
  info: svg`${RING}<path d="M7 6.2v3.6M7 3.9v1.3" stroke="currentColor" stroke-width="1.5"/>`,
};

/** Icon of a state: done, run, wait, pause, stop, fail, warn or info. */
export const icon = (name) => html`<svg class="icon ${name}" width="14" height="14" viewBox="0 0 14 14"
  aria-hidden="true">${SHAPES[name]}</svg>`;
