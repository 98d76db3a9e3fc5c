/** Confusion matrix as a table: rows are true classes, columns are answers. */
import { html, nothing } from '../../core/dom.js';
import { count, short } from '../../core/numbers.js';
import { labelText } from './words.js';

const MOST_CLASSES = 30;

/** @param {{title: string, classes: any[], counts: number[][]}} options */
export function confusionTable({ title, classes, counts }) {
  const shown = classes.slice(0, MOST_CLASSES);
  return html`<div><h3>${title}</h3><p class="small muted">Lines: true class. Columns: answer.</p>
    <div class="scroll" tabindex="0" role="region" aria-label=${title}><table class="confusion"><caption class="hidden">${title}</caption>
      <thead><tr><td></td>${shown.map((label) => html`<th scope="col" class="cut" title=${labelText(label)}>${labelText(label)}</th>`)}
        <th scope="col">recall</th></tr></thead>
      <tbody>${shown.map((label, truth) => html`<tr><th scope="row" class="cut" title=${labelText(label)}>${labelText(label)}</th>
        ${shown.map((_, answer) => cell(counts[truth][answer], truth === answer))}
        <td class="number">${recall(counts[truth], truth)}</td></tr>`)}</tbody></table></div>
    ${shown.length < classes.length ? html`<p class="small faint">${shown.length} of ${count(classes.length)} classes.</p>` : nothing}</div>`;
}

const cell = (rows, isRight) => html`<td class=${rows === 0 ? 'none' : isRight ? 'right' : 'wrong'} data-value=${rows}>${
  rows === 0 ? html`<span class="hidden">0</span><span aria-hidden="true">·</span>` : Number.isInteger(rows) ? count(rows) : short(rows)}</td>`;

function recall(line, truth) {
  const all = line.reduce((sum, rows) => sum + rows, 0);
  return all === 0 ? '–' : (line[truth] / all).toFixed(3);
}
