/** The weights as files, and the lines of code that predict with the model. */
import { url } from '../../core/api.js';
import { html, nothing } from '../../core/dom.js';
import { copyText } from '../../core/download.js';
import { signal } from '../../core/state.js';
import { fieldsOf, middleRow } from './fields.js';

const FORMATS = ['safetensors', 'npz', 'json'];

/** Open the downloads, closed at first. */
export function openDownloads(model) {
  const isShown = signal(false);
  const copied = signal(null);
  return {
    button: () => html`<button type="button" class="button" aria-expanded=${isShown.value ? 'true' : 'false'}
      @click=${() => { isShown.value = !isShown.peek(); }}>Download</button>`,
    render: () => (isShown.value ? view(model, copied) : nothing),
    close: () => {},
  };
}

function view(model, copied) {
  const address = `/v1/models/${model.id}`;
  return html`<section class="card" aria-label="Download"><h2 class="h3">Weights</h2>
    <div class="row">${FORMATS.map((format) => html`<a class="button small" download
      href=${url(`${address}/weights?format=${format}`)}>${format}</a>`)}
      <a class="button small" download="${model.id}.json" href=${url(address)}>description (JSON)</a></div>
    <h2 class="h3">Predict from a program</h2>
    ${code('curl', curlText(model), copied)}${code('Python', pythonText(model), copied)}</section>`;
}

function code(name, text, copied) {
  const copy = async () => { copied.value = { name, isCopied: await copyText(text) }; };
  const said = copied.value?.name === name ? (copied.value.isCopied ? 'Copied' : 'Select the text to copy it') : '';
  return html`<div class="code"><div class="row"><span class="small muted grow">${name}</span><span class="small muted" role="status">${said}</span>
    <button type="button" class="button small" aria-label="Copy the ${name} code" @click=${copy}>Copy</button></div>
    <pre class="json" tabindex="0" role="region" aria-label="${name} code">${text}</pre></div>`;
}

const exampleRow = (model) => JSON.stringify({ rows: [middleRow(fieldsOf(model))] });

/** Command that predicts the row in the middle. A single quote within the body is written for a shell. */
const curlText = (model) => `curl -s ${url(`/v1/models/${model.id}/predict`)} \\
  -H 'Content-Type: application/json' \\
  -d '${exampleRow(model).replaceAll("'", "'\\''")}'`;

const pythonText = (model) => `import json, urllib.request

rows = json.loads(${JSON.stringify(exampleRow(model))})
request = urllib.request.Request("${url(`/v1/models/${model.id}/predict`)}",
    json.dumps(rows).encode(), {"Content-Type": "application/json"})
print(json.load(urllib.request.urlopen(request))["data"])`;
