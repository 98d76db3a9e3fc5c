/** The file that was chosen: what was understood of it, before it becomes a table. */
import { html, nothing } from '../../core/dom.js';
import { go, href, route } from '../../core/router.js';
import { signal } from '../../core/state.js';
import { fileButton } from '../../parts/file_button.js';
import { problemView } from '../../parts/problem.js';
import { columnCards } from './columns.js';
import { canPreview, change, chooseFile, discard, draft, keep, preview } from './draft.js';
import { dropZone } from './drop_zone.js';
import { noticesCard } from './notices.js';
import { optionsForm } from './options_form.js';
import { plural, understood } from './reading.js';
import { rowsTable } from './rows.js';
import { uploadBar } from './upload_bar.js';
import { asMissing, missingButton, wordsOf } from './words.js';

const SHOWN_ROWS = 10;
const CARDS = 50;

/** Open the page of the chosen file. */
export function openDraft() {
  const most = signal(CARDS);
  const areOptionsShown = signal(false);
  return {
    title: () => draft.value?.name ?? 'New table',
    render: () => (draft.value === null ? noFile() : page(draft.value, { most, areOptionsShown })),
    close: () => {},
  };
}

const noFile = () => html`<h1>New table</h1>${dropZone({ text: 'Drop a file here' })}`;

function page(state, { most, areOptionsShown }) {
  const { preview: read, name, stated } = state;
  return html`${head(state, areOptionsShown)}
    ${state.file === null ? missingFile(state) : nothing}
    ${state.upload ? uploadBar(state.upload, { name, restart: submit, isStoring: state.isStoring }) : nothing}
    ${state.problem ? problemView(state.problem, { retry: () => retry(state), fieldHref }) : nothing}
    ${wordFixes(state)}
    ${areOptionsShown.value || state.problem ? optionsForm(stated, read?.options ?? null, change) : nothing}
    ${state.same ? alreadyHere(state.same) : nothing}
    <p class="loading" role="status">${state.isReading ? 'Reading the first rows…' : nothing}</p>
    ${read === null ? nothing : html`
      ${noticesCard(read, change)}
      <section><h2>First rows</h2>${rowsTable({ title: `First rows of ${name}`, columns: read.columns,
    rows: read.sample.slice(0, SHOWN_ROWS), first: 0 })}
        <p class="small faint">${read.is_complete ? nothing : `Columns as the first ${plural(read.rows_read, 'row')} show them; all
          rows are read after the upload.`}</p></section>
      <section><h2>Columns</h2>${columnCards({ columns: read.columns, most: most.value,
    showMore: () => { most.value += CARDS; },
    setKind: (column, kind) => change({ kinds: { [column.name]: kind } }),
    setMissing: read.options.missing ? (column, words) => change(asMissing(words, column.name, read.options.missing)) : null })}</section>`}`;
}

/** A word where a number is expected can be read as missing. */
function wordFixes({ problem, stated, preview: read }) {
  return wordsOf(problem).slice(0, 1).map(({ column, text }) => html`<p class="row">${missingButton([text],
    () => change(asMissing([text], column, stated.missing ?? read?.options.missing)))}</p>`);
}

function head({ name, preview: read, rereads, file, upload, isStoring }, areOptionsShown) {
  const isBusy = isStoring || ['sending', 'waiting'].includes(upload?.progress.value.state);
  const main = upload?.progress.value.state === 'complete' ? 'Keep this table' : 'Upload this table';
  return html`<div class="head"><div>
      <p class="crumbs"><a href=${href('datasets')}>Datasets</a><span>/</span><span class="cut">${
        rereads ? 'read again' : 'new'}</span></p>
      <h1 class="cut" title=${name}>${name}</h1>
      <p class="muted">${read === null ? waiting(file) : understood({
    rows: read.rows_read, columns: read.columns.length, options: read.options, isComplete: read.is_complete })}</p>
    </div><div class="row">
      <button type="button" class="button" @click=${() => { discard(); go('datasets'); }}>Discard</button>
      <button type="button" class="button" aria-expanded=${areOptionsShown.value ? 'true' : 'false'}
        @click=${() => { areOptionsShown.value = !areOptionsShown.value; }}>Reading options</button>
      ${file === null ? nothing : html`<button type="button" class="button main" aria-disabled=${isBusy ? 'true' : nothing}
        @click=${() => isBusy || submit()}>${main}</button>`}
    </div></div>`;
}

const waiting = (file) => (file !== null && !canPreview(file)
  ? 'Files of this format and size are read once they are uploaded.' : nothing);

const missingFile = ({ name }) => html`<div class="drop"><p>The service keeps the columns that it read, not the file.
  Choose <strong>${name}</strong> again to read it another way.</p>
  ${fileButton({ text: 'Choose the file', choose: chooseFile, isMain: true })}</div>`;

const alreadyHere = ({ id, name, rows }) => html`<p class="card row already" role="status"><span class="grow">This table is here
  already: <a href=${href('datasets', id)} title=${name}>${name}</a>, ${plural(rows, 'row')}, the same bytes (SHA-256). Uploaded
  again with the same options, it takes no further space.</span></p>`;

function retry({ upload }) {
  if (upload?.progress.peek().state === 'complete') submit();
  else preview();
}

/** A problem's pointer names a query parameter; the form has a field for some. */
const fieldHref = () => null;

async function submit() {
  const dataset = await keep();
  const { view, id } = route.peek();
  // A person who has gone to another view meanwhile stays there.
  if (dataset !== null && view === 'datasets' && id === 'new') go('datasets', dataset.id);
}
