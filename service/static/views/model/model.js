/** One model: try a row, predict a file, evaluate, download. */
import { get } from '../../core/api.js';
import { html, nothing } from '../../core/dom.js';
import { count } from '../../core/numbers.js';
import { resource } from '../../core/resource.js';
import { href } from '../../core/router.js';
import { loadingLine } from '../../parts/loading.js';
import { problemView } from '../../parts/problem.js';
import { openDownloads } from './downloads.js';
import { openEvaluation } from './evaluation.js';
import { openFilePrediction } from './predict_file.js';
import { openTry } from './try_row.js';
import { nameOf, targetText } from './words.js';

/** Open a model by its id. */
export function openModel(id) {
  let parts = null;
  const loaded = resource(async (signal) => {
    const model = await get(`/v1/models/${encodeURIComponent(id)}`, { signal });
    if (parts === null && !signal.aborted) {
      parts = { trial: openTry(model), file: openFilePrediction(model), downloads: openDownloads(model), evaluation: openEvaluation(model) };
    }
    return model;
  });
  return {
    title: () => (loaded.value ? nameOf(loaded.value) : 'Model'),
    render: () => (loaded.value ? page(loaded.value, parts) : notYet(loaded)),
    close: () => { loaded.close(); Object.values(parts ?? {}).forEach((part) => part.close()); },
  };
}

const notYet = (loaded) => html`<h1>Model</h1>
  ${loaded.problem ? problemView(loaded.problem, { retry: () => loaded.reload() }) : nothing}
  ${loadingLine(loaded, 'Reading the model…')}
  ${loaded.problem?.status === 404 ? html`<p><a href=${href('models')}>All models</a></p>` : nothing}`;

function page(model, { trial, file, downloads, evaluation }) {
  return html`${head(model, file, downloads)}
    ${file.render()}${downloads.render()}
    ${trial.render()}
    <hr>
    ${evaluation.render()}`;
}

function head(model, file, downloads) {
  const { job_id: job, dataset_id: dataset } = model.lineage;
  return html`<div class="head"><div>
      <p class="crumbs"><a href=${href('models')}>Models</a><span>/</span><span class="cut">${nameOf(model)}</span></p>
      <h1 class="cut" title=${nameOf(model)}>${nameOf(model)}</h1>
      <p class="muted">Predicts ${model.spec.task === 'reconstruction' ? 'the row itself' : targetText(model)}
        from ${count(model.preprocessing.columns.length)} columns; ${count(model.parameter_count)} parameters.
        ${model.partial ? 'Its job did not finish.' : nothing}
        ${job ? html`<a href=${href('jobs', job)}>Job</a>` : nothing} ${dataset ? html`<a href=${href('datasets', dataset)}>Table</a>` : nothing}</p>
    </div><div class="row">${downloads.button()}${file.button()}</div></div>`;
}
