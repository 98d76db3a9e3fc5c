/** Verdict of the rules about a training. */
import { html, nothing } from '../../../core/dom.js';
import { count, exact } from '../../../core/numbers.js';
import { pagedTable } from '../../../parts/table.js';

/** Verdict in one sentence, and the rules behind it. */
export function diagnosis(found, { error }) {
  if (found === null) return nothing;
  const { verdict, rules, findings } = found;
  return html`<section class="stack"><h2 class="h3">Diagnosis</h2>
    <p>${verdict === error?.message ? 'It diverged, see above.' : html`${verdict.charAt(0).toUpperCase()}${verdict.slice(1)}${verdict.endsWith('.') ? '' : '.'}`}</p>
    <details><summary>The ${count(rules.length)} rules</summary>${rulesTable(rules, findings)}</details>
  </section>`;
}

function rulesTable(rules, findings) {
  const rows = rules.map(({ code, epochs, condition, thresholds, remedy }) => {
    const held = findings.find((finding) => finding.code === code);
    return {
      key: code,
      isSelected: held !== undefined,
      cells: [
        html`${code.replaceAll('_', ' ')}<br><span class="small muted">${held
          ? `holds since epoch ${count(held.since)}` : 'not found'}</span>`,
        html`${withLimits(condition, thresholds)} <span class="muted">For ${count(epochs)} epochs in a row.</span>`,
        remedy,
      ],
    };
  });
  return pagedTable({
    key: 'rules', caption: 'Rules', head: [{ text: 'Rule' }, { text: 'Condition' }, { text: 'Remedy' }], rows });
}

/** Condition with the numbers of its thresholds in the place of their names. */
const withLimits = (condition, thresholds) => condition.replace(
  /`(\w+)`/g, (name, key) => (key in thresholds ? exact(thresholds[key]) : name));
