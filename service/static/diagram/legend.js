/** Legend of the edges: sign, and the width of the one quantity that they show. */
import { html } from '../core/dom.js';
import { EDGE_QUANTITIES } from './model/edges.js';

const NAMES = { w: 'weight', '∂L/∂w': '∂L/∂w', 'w′ − w': 'change of the weight' };

/** @param {{network: import('./model.js').DrawnNetwork}} options */
export function legend({ network }) {
  const name = NAMES[EDGE_QUANTITIES[network.phase]];
  const sum = network.phase === 'backward' && !network.isRow ? ', sum over the batch' : '';
  const difference = network.difference ? 'difference of ' : '';
  return html`<div class="legend">
    <span>${line('pos', 2.5)}positive</span><span>${line('neg', 2.5)}negative</span>
    <span>${line('zero', 1.5)}exactly 0</span>
    <span><svg class="network" width="66" height="10" aria-hidden="true">
      <path class="edge plain" stroke-width="1" d="M0 5h18"></path>
      <path class="edge plain" stroke-width="2.5" d="M24 5h18"></path>
      <path class="edge plain" stroke-width="5.5" d="M48 5h18"></path></svg>width: |${
        difference}${name}| 0.001, 0.01, 1${sum}</span></div>`;
}

const line = (sign, width) => html`<svg class="network" width="34" height="10" aria-hidden="true">
  <path class="edge ${sign}" stroke-width=${width} d="M0 5H34"></path></svg>`;
