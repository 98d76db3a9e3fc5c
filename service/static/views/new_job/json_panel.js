/** The request as JSON that can be edited, with the defaults beside it. */
import { html, live, nothing } from '../../core/dom.js';
import { url } from '../../core/api.js';
import { copyText } from '../../core/download.js';
import { signal } from '../../core/state.js';
import { bringBack, type } from './draft.js';
import { formatJson, parseJson } from './json_text.js';
import { isContainer, valueAt } from './pointers.js';

/** @returns {{said: object, isCurlShown: object}} state of a panel */
export const jsonPanelState = () => ({ said: signal(''), isCurlShown: signal(false) });

const EDITOR = 'json-of-the-request';

/** The panel. @param {object} form @param {object} state of `jsonPanelState` */
export function jsonPanel(form, state) {
  const { draft, checking } = form;
  const fault = draft.fault.value;
  const resolved = checking.valid.value?.answer.spec;
  return html`<section class="json-panel" aria-labelledby="json-title">
    <div class="head"><h2 class="h3"><label id="json-title" for=${EDITOR}>JSON</label></h2><div class="row tight">
      <button type="button" class="button quiet" @click=${() => copy(draft.text.peek(), 'The JSON', state)}>Copy</button>
      <button type="button" class="button quiet" aria-expanded=${String(state.isCurlShown.value)} @click=${() => copyCurl(draft, state)}>As curl</button></div></div>
    ${editor(draft, checking)}
    <div role="status">${fault ? html`<p class="error" id="json-fault">${fault.message} The fields show the last JSON that could be read.</p>` : nothing}
      ${draft.lostText.value === null ? nothing : html`<p class="small">A field was changed, so the JSON that could not be read was replaced.
        <button type="button" class="button small" @click=${() => bringBack(draft)}>Bring it back</button></p>`}
      ${state.said.value ? html`<p class="small muted">${state.said.value}</p>` : nothing}</div>
    ${state.isCurlShown.value ? html`<pre class="json curl" tabindex="0" role="region" aria-label="Command">${curlText(draft.spec.value)}</pre>` : nothing}
    ${resolved ? defaultsBlock(resolved, draft.spec.value) : nothing}
  </section>`;
}

/** A text area over the same text with marks: both grow with the text, the box around scrolls. */
function editor(draft, checking) {
  const text = draft.text.value;
  const lines = text.split('\n');
  const fault = draft.fault.value;
  return html`<div class="json editor"><div class="layers-of-text">
    <pre aria-hidden="true">${markedText(text, marksOf(text, fault, checking.latest.value))}</pre>
    <textarea id=${EDITOR} spellcheck="false" autocomplete="off" autocapitalize="off" wrap="off"
      rows=${lines.length} cols=${Math.max(...lines.map((line) => line.length)) + 1}
      aria-invalid=${fault ? 'true' : nothing} aria-describedby=${fault ? 'json-fault' : nothing}
      .value=${live(text)} @input=${(event) => type(draft, event.target.value)}></textarea></div></div>`;
}

/** Ranges of the text that are marked: the fault, or the values with errors. */
function marksOf(text, fault, { spec, findings }) {
  if (fault) return [[fault.position, fault.position + 1]];
  if (!spec) return [];
  const { spans } = parseJson(text);
  const ranges = findings.filter(({ level }) => level === 'error').flatMap(({ pointer }) => (
    pointer && spans.has(pointer) ? [spans.get(pointer)] : []));
  return ranges.sort(([one], [other]) => one - other)
    .filter(([start], index, all) => index === 0 || start >= all[index - 1][1]);
}

function markedText(text, ranges) {
  const parts = [];
  let at = 0;
  for (const [start, end] of ranges) {
    parts.push(text.slice(at, start), html`<mark>${text.slice(start, end) || ' '}</mark>`);
    at = end;
  }
  return [...parts, text.slice(at), '\n'];
}

/** Put the focus into the text, on the value that a pointer names; false if it is not there. */
export function focusText(draft, pointer) {
  const area = document.getElementById(EDITOR);
  const fault = draft.fault.peek();
  const range = fault ? [fault.position, fault.position + 1] : parseJson(draft.text.peek()).spans.get(pointer);
  if (!range) return false;
  area.focus();
  area.setSelectionRange(...range);
  return true;
}

const defaultsBlock = (resolved, spec) => html`<details><summary>With all defaults</summary>
  <p class="small muted">What the service makes of it. Grey: the default.</p>
  <pre class="json" tabindex="0" role="region" aria-label="The request with all defaults">${resolvedText(resolved, spec, '')}</pre></details>`;

/** Lines of the resolved spec; what the request leaves open is grey. */
function resolvedText(resolved, spec, indent) {
  const inner = `${indent}  `;
  const members = Object.entries(resolved);
  return ['{\n', members.map(([name, value], index) => {
    const own = valueAt(spec, [name]);
    const end = index < members.length - 1 ? ',\n' : '\n';
    const head = `${inner}${JSON.stringify(name)}: `;
    if (own === undefined) return html`<span class="unset">${head}${formatJson(value, inner.length / 2)}${end}</span>`;
    if (!isContainer(value) || !isContainer(own) || Array.isArray(value)) return `${head}${formatJson(value, inner.length / 2)}${end}`;
    return [head, resolvedText(value, own, inner), end];
  }), `${indent}}`];
}

async function copy(text, what, { said }) {
  said.value = await copyText(text) ? `${what} is copied.` : 'The browser did not allow copying: select the text.';
}

function copyCurl(draft, state) {
  state.isCurlShown.value = !state.isCurlShown.peek();
  if (state.isCurlShown.peek()) copy(curlText(draft.spec.peek()), 'The command', state);
}

/** Command for a shell: a quote within the quotes is closed, escaped and opened again. */
export const curlText = (spec) => `curl -s ${url('/v1/jobs')} \\\n  -H 'Content-Type: application/json' \\\n  -d '${
  JSON.stringify(spec).replaceAll("'", "'\\''")}'`;
