/** One dataset: how it was read, its rows and its columns. */
import { get, send } from '../../core/api.js';
import { html, nothing } from '../../core/dom.js';
import { bytes, count } from '../../core/numbers.js';
import { resource } from '../../core/resource.js';
import { go, href } from '../../core/router.js';
import { signal } from '../../core/state.js';
import { loadingLine } from '../../parts/loading.js';
import { problemView } from '../../parts/problem.js';
import { columnCards } from './columns.js';
import { openDetails } from './details.js';
import { findSame, readAgain } from './draft.js';
import { dropZone } from './drop_zone.js';
import { openFindings } from './findings.js';
import { moment } from './list.js';
import { noticesCard } from './notices.js';
import { plural, understood } from './reading.js';
import { rowsTable } from './rows.js';
import { asMissing } from './words.js';

const PAGE_ROWS = 10;
const CARDS = 50;

/** Open a dataset by its id. */
export function openDataset(id) {
  const path = `/v1/datasets/${encodeURIComponent(id)}`;
  const offset = signal(0);
  const most = signal(CARDS);
  const deletion = signal({ isAsked: false, problem: null });
  const loaded = resource((abort) => get(path, { signal: abort }));
  const rows = resource((abort) => get(`${path}/rows?offset=${offset.peek()}&limit=${PAGE_ROWS}`, { signal: abort }));
  const same = resource(async (abort) => {
    const { sha256 } = await get(path, { signal: abort });
    return findSame(sha256, id, { signal: abort });
  });
  const details = openDetails(path);
  const findings = openFindings(id);
  const parts = { id, path, offset, most, deletion, loaded, rows, same, details, findings };
  return {
    title: () => loaded.value?.name ?? 'Dataset',
    render: () => (loaded.value ? page(loaded.value, parts) : notYet(parts)),
    close: () => [loaded, rows, same, details, findings].forEach((part) => part.close()),
  };
}

const notYet = ({ loaded }) => html`<h1>Dataset</h1>
  ${loaded.problem ? problemView(loaded.problem, { retry: () => loaded.reload() }) : nothing}
  ${loadingLine(loaded, 'Reading the dataset…')}
  ${loaded.problem?.status === 404 ? html`<p><a href=${href('datasets')}>All datasets</a></p>` : nothing}`;

function page(dataset, parts) {
  const change = (changes) => { readAgain(dataset, changes); go('datasets', 'new'); };
  return html`${head(dataset, change, parts)}
    ${deletionLine(dataset, parts)}
    ${parts.same.value ? html`<p class="muted">This table is here already as <a href=${href('datasets', parts.same.value.id)}>${
      parts.same.value.name}</a>, from the same bytes (SHA-256).</p>` : nothing}
    ${dropZone({ text: 'Drop another file here' })}
    ${noticesCard(dataset, change)}
    ${parts.findings.render(dataset)}
    <section><h2>Rows</h2>${rowsSection(dataset, parts)}</section>
    <section><h2>Columns</h2>${columnCards({ columns: dataset.columns, most: parts.most.value,
    showMore: () => { parts.most.value += CARDS; },
    setKind: (column, kind) => change({ kinds: { [column.name]: kind } }),
    setMissing: dataset.options.missing ? (column, words) => change(asMissing(words, column.name, dataset.options.missing)) : null,
    detailOf: parts.details.of, watch: parts.details.watch })}</section>
    <p class="small faint file-facts">${bytes(dataset.bytes)}, created ${moment(dataset.created_at)}. SHA-256
      <code>${dataset.sha256}</code></p>`;
}

function head(dataset, change, { deletion, findings }) {
  return html`<div class="head"><div>
      <p class="crumbs"><a href=${href('datasets')}>Datasets</a><span>/</span><span class="cut">${dataset.name}</span></p>
      <h1 class="cut" title=${dataset.name}>${dataset.name}</h1>
      <p class="muted">${understood({ rows: dataset.rows, columns: dataset.column_count, options: dataset.options })}</p>
    </div><div class="row">
      <button type="button" class="button quiet" @click=${() => { deletion.value = { isAsked: true, problem: null }; }}>Delete</button>
      <button type="button" class="button" @click=${() => change({})}>Reading options</button>
      <a class="button main" href=${href('new-job', null, { dataset: dataset.id, ...findings.params() })}>Train on this table</a>
    </div></div>`;
}

function deletionLine(dataset, { deletion, path }) {
  const { isAsked, problem } = deletion.value;
  if (!isAsked) return nothing;
  const close = () => { deletion.value = { isAsked: false, problem: null }; };
  const remove = async () => {
    try {
      await send('DELETE', path);
      go('datasets');
    } catch (error) {
      deletion.value = { isAsked: true, problem: error };
    }
  };
  return html`<div class="card" role="group" aria-label="Delete the table">
    <p>Delete <strong>${dataset.name}</strong>? Models that were trained on it stay; steps of its jobs that need its rows can no
      longer be replayed.</p>
    ${problem ? problemView(problem) : nothing}
    <div class="row"><button type="button" class="button" @click=${remove}>Delete the table</button>
      <button type="button" class="button" @click=${close}>Keep it</button></div></div>`;
}

const span = ({ offset, data }) => (data.length ? `rows ${count(offset)} to ${count(offset + data.length - 1)}` : 'no rows');

function rowsSection(dataset, { rows, offset }) {
  const page = rows.value;
  const turn = (to) => { offset.value = Math.max(0, to); rows.reload(); };
  return html`${rows.problem ? problemView(rows.problem, { retry: () => rows.reload() }) : nothing}
    ${loadingLine(rows, 'Reading rows…')}
    ${page ? html`${rowsTable({ title: `Rows of ${dataset.name}`, columns: dataset.columns, rows: page.data, first: page.offset })}
      <div class="row pager">
        <button type="button" class="button small" ?disabled=${page.offset === 0} @click=${() => turn(page.offset - PAGE_ROWS)}>
          Previous rows</button>
        <span class="small muted">${span(page)} of ${count(page.rows)}</span>
        <button type="button" class="button small" ?disabled=${!page.has_more} @click=${() => turn(page.offset + page.data.length)}>
          Next rows</button></div>` : nothing}`;
}
