/** List of the models, newest first. */
import { get } from '../../core/api.js';
import { html, nothing, repeat } from '../../core/dom.js';
import { count, long } from '../../core/numbers.js';
import { resource } from '../../core/resource.js';
import { href } from '../../core/router.js';
import { loadingLine } from '../../parts/loading.js';
import { problemView } from '../../parts/problem.js';
import { nameOf, targetText, TASKS } from './words.js';

const PAGE = 25;

/** Open the list. */
export function openList() {
  const loaded = resource((signal) => readPage(null, signal));
  const more = async (signal) => {
    const page = await readPage(loaded.value.next, signal);
    return { ...page, data: [...loaded.value.data, ...page.data] };
  };
  return {
    title: () => 'Models',
    render: () => html`<div class="head"><h1>Models</h1></div>
      ${loaded.problem ? problemView(loaded.problem, { retry: () => loaded.reload() }) : nothing}
      ${loadingLine(loaded, 'Reading the models…')}
      ${loaded.value ? table(loaded.value, () => loaded.reload(more)) : nothing}`,
    close: () => loaded.close(),
  };
}

const readPage = (after, signal) => get(
  `/v1/models?limit=${PAGE}${after === null ? '' : `&after=${encodeURIComponent(after)}`}`, { signal });

function table({ data, has_more: hasMore }, more) {
  if (!data.length) {
    return html`<div class="empty"><p>No models yet. A job that succeeds leaves one.</p>
      <a class="button main" href=${href('new-job')}>Train one</a></div>`;
  }
  return html`<section aria-label="Models"><div class="scroll"><table>
      <caption class="hidden">Models, newest first</caption>
      <thead><tr><th scope="col">Name</th><th scope="col">Task</th><th scope="col">Target</th>
        <th scope="col" class="number">Validation loss</th><th scope="col" class="number">Parameters</th></tr></thead>
      <tbody>${repeat(data, ({ id }) => id, line)}</tbody>
    </table></div>
    ${hasMore ? html`<p class="row pager"><button type="button" class="button small" @click=${more}>Show older models</button>
      <span class="small muted">${count(data.length)} shown</span></p>` : nothing}</section>`;
}

const line = (model) => html`<tr>
  <th scope="row" class="name"><a href=${href('models', model.id)} title=${nameOf(model)}>${nameOf(model)}</a></th>
  <td>${TASKS[model.spec.task] ?? model.spec.task}</td>
  <td class="name" title=${targetText(model)}>${targetText(model)}</td>
  <td class="number" data-value=${model.metrics.validation_loss ?? nothing}>${long(model.metrics.validation_loss)}</td>
  <td class="number">${count(model.parameter_count)}</td>
</tr>`;
