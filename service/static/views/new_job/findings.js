/** Findings of the validation: errors, warnings and notices, with their fixes as buttons. */
import { html, nothing } from '../../core/dom.js';
import { icon } from '../../parts/icons.js';
import { problemView } from '../../parts/problem.js';
import { sentence } from './fields.js';
import { isContainer, pathOf, pointerOf, valueAt } from './pointers.js';

const LEVELS = [
  ['error', 'error', 'fail'], ['warning', 'warning', 'warn'], ['info', 'notice', 'info'],
];
const LONGEST_VALUE = 40;
const LONGEST_LIST = 3;

/**
 * @param {{checking: object, fault: Error|null, isReady: boolean, focus: (pointer: string) => void,
 *   applyFix: (finding: object, sentence: string) => void}} options
 */
export function findingsCard({ checking, fault, isReady, focus, applyFix }) {
  const { findings, problem, spec, answer } = checking.latest.value;
  const resolved = answer?.spec ?? null;
  const sorted = fault ? [] : LEVELS.flatMap(([level]) => findings.filter((finding) => finding.level === level));
  return html`<section class="card" aria-label="Findings">
    <h2 class="h3"><span class="row" role="status">${heading({ sorted, fault, spec, isReady, problem })}</span></h2>
    ${checking.isSlow.value ? html`<p class="loading small">Checking…</p>` : nothing}
    ${problem ? problemView(problem, { retry: checking.now }) : nothing}
    ${sorted.length ? html`<ul class="findings">${sorted.map((finding) => findingItem(finding, { focus, applyFix, resolved }))}</ul>` : nothing}
  </section>`;
}

function heading({ sorted, fault, spec, isReady, problem }) {
  if (fault) return html`${icon('fail')} The JSON cannot be read`;
  if (!isReady) return html`${icon('info')} Choose a table first`;
  if (!spec || problem) return html`${icon('wait')} Not checked yet`;
  if (!sorted.length) return html`${icon('done')} Nothing to say: it can be trained`;
  const worst = LEVELS.find(([level]) => sorted.some((finding) => finding.level === level));
  return html`${icon(worst[2])} ${summaryOf(sorted)}`;
}

/** Numbers of findings: `1 error, 2 notices`. */
function summaryOf(findings) {
  return LEVELS.flatMap(([level, word]) => {
    const number = findings.filter((finding) => finding.level === level).length;
    return number ? `${number} ${word}${number > 1 ? 's' : ''}` : [];
  }).join(', ');
}

function findingItem(finding, { focus, applyFix, resolved }) {
  const [, word, shape] = LEVELS.find(([level]) => level === finding.level);
  const { pointer, detail, fix } = finding;
  return html`<li>${icon(shape)}<div>
    <span class="hidden">${word}: </span>${pointer ? html`<button type="button" class="pointer" @click=${() => focus(pointer)}>${pointer}</button>` : nothing}
    <p>${sentence(detail)}</p>
    ${fix?.patch ? fixButton(finding, applyFix, resolved) : nothing}
    ${fix?.parameters ? html`<p class="muted">Upload the file again with ${Object.entries(fix.parameters).map(([name, value]) => html`
      <code>${name}=${String(value)}</code> `)}</p>` : nothing}
  </div></li>`;
}

function fixButton(finding, applyFix, resolved) {
  const text = patchText(finding.fix.patch, resolved);
  return html`<button type="button" class="button small fix" title=${text} @click=${() => applyFix(finding, text)}><span class="cut">${text}</span></button>`;
}

/** A patch as an order: `Set batch_size to full`, `Leave out id`. */
export const patchText = (patch, resolved) => patch.map((operation) => operationText(operation, resolved))
  .join(', then ').replace(/^./, (first) => first.toUpperCase());

function operationText({ op, path, from, value }, resolved) {
  const place = pathOf(path).join('.');
  const all = valueAt(resolved, pathOf(path));
  if (op !== 'remove' && isPartOf(value, all)) return `leave out ${listText(all.filter((one) => !value.includes(one)))}`;
  if (op === 'remove') return `remove ${place}`;
  if (op === 'move' || op === 'copy') return `${op} ${pathOf(from).join('.')} to ${place}`;
  if (isContainer(value) && !Array.isArray(value) && Object.keys(value).length) {
    return Object.entries(value).map(([name, member]) => operationText({ op, path: path + pointerOf([name]), value: member }, resolved)).join(', ');
  }
  return `set ${place} to ${valueText(value)}`;
}

function valueText(value) {
  if (typeof value === 'string') return value;
  const text = JSON.stringify(value);
  return Array.isArray(value) && text.length > LONGEST_VALUE ? `a list of ${value.length}` : text;
}

const isPartOf = (part, all) => Array.isArray(part) && Array.isArray(all)
  && part.length < all.length && part.every((one) => all.includes(one));

const listText = (names) => (names.length > LONGEST_LIST
  ? `${names.slice(0, LONGEST_LIST).join(', ')} and ${names.length - LONGEST_LIST} more` : names.join(', '));
