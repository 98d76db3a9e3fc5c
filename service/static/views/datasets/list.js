/** List of the datasets, newest first. */
import { get } from '../../core/api.js';
import { html, nothing, repeat } from '../../core/dom.js';
import { bytes, count } from '../../core/numbers.js';
import { resource } from '../../core/resource.js';
import { href } from '../../core/router.js';
import { signal } from '../../core/state.js';
import { dayTime } from '../../core/times.js';
import { loadingLine } from '../../parts/loading.js';
import { problemView } from '../../parts/problem.js';
import { draft } from './draft.js';
import { dropZone } from './drop_zone.js';
import { FORMATS } from './reading.js';
import { forget, interruptedUploads } from './upload.js';

const PAGE = 50;

/** Open the list. */
export function openList() {
  const loaded = resource((signal) => readPage(null, signal));
  const interrupted = signal(interruptedUploads());
  const more = async (signal) => {
    const page = await readPage(loaded.value.next, signal);
    return { ...page, data: [...loaded.value.data, ...page.data] };
  };
  return {
    title: () => 'Datasets',
    render: () => html`<div class="head"><h1>Datasets</h1></div>
      ${dropZone({ text: 'Drop a file here' })}
      ${draft.value ? openedFile(draft.value) : nothing}
      ${repeat(interrupted.value, ({ key }) => key, (upload) => interruptedUpload(upload, interrupted))}
      ${loaded.problem ? problemView(loaded.problem, { retry: () => loaded.reload() }) : nothing}
      ${loadingLine(loaded, 'Reading the datasets…')}
      ${loaded.value ? table(loaded.value, () => loaded.reload(more)) : nothing}`,
    close: () => loaded.close(),
  };
}

const readPage = (after, signal) => get(
  `/v1/datasets?limit=${PAGE}${after === null ? '' : `&after=${encodeURIComponent(after)}`}`, { signal });

const openedFile = ({ name }) => html`<p>The file <a class="file" href=${href('datasets', 'new')} title=${name}>${
  name}</a> is chosen and is not a table yet.</p>`;

function interruptedUpload({ key, id, name, size }, interrupted) {
  if (draft.value?.name === name) return nothing;
  const drop = () => { forget(key, id); interrupted.value = interruptedUploads(); };
  return html`<p class="row"><span class="cut" title=${name}>The upload of ${name} (${bytes(size)}) was interrupted. Choose
    the file again: it goes on where it stopped.</span>
    <button type="button" class="button small" @click=${drop}>Forget the upload</button></p>`;
}

function table({ data, has_more: hasMore }, more) {
  if (!data.length) return html`<p class="empty">No tables yet. Drop a file above, or choose one.</p>`;
  return html`<section aria-label="Tables"><div class="scroll"><table>
      <caption class="hidden">Tables, newest first</caption>
      <thead><tr><th scope="col">Name</th><th scope="col">Format</th>
        ${['Rows', 'Columns', 'Size'].map((text) => html`<th scope="col" class="number">${text}</th>`)}
        <th scope="col">Created</th></tr></thead>
      <tbody>${repeat(data, ({ id }) => id, line)}</tbody>
    </table></div>
    ${hasMore ? html`<p class="row pager"><button type="button" class="button small" @click=${more}>Show older tables</button>
      <span class="small muted">${count(data.length)} shown</span></p>` : nothing}</section>`;
}

const line = (dataset) => html`<tr>
  <th scope="row" class="name"><a href=${href('datasets', dataset.id)} title=${dataset.name}>${dataset.name}</a></th>
  <td>${FORMATS[dataset.format] ?? dataset.format}</td>
  <td class="number">${count(dataset.rows)}</td>
  <td class="number">${count(dataset.column_count)}</td>
  <td class="number">${bytes(dataset.bytes)}</td>
  <td>${moment(dataset.created_at)}</td>
</tr>`;

/** Day and minute of a time of the service, in the person's own zone. */
export const moment = (text) => html`<time datetime=${text}>${
  dayTime(text)}</time>`;
