/** Start: a recorded training on exclusive or, and the textbook's exercise. */
import { html, nothing } from '../../core/dom.js';
import { get } from '../../core/api.js';
import { clockParams, parseClock } from '../../core/clock.js';
import { resource } from '../../core/resource.js';
import { go, href, route } from '../../core/router.js';
import { problemView } from '../../parts/problem.js';
import { figure } from '../../diagram/figure.js';
import { recordedSource } from '../../diagram/sources/recorded.js';
import { openTextbook } from './textbook.js';

const FIRST = { step: 20, phase: 'forward', layer: 'layers.0', unit: 0, row: 1 };

/** Open the view. */
export function open() {
  const source = resource((signal) => recordedSource('xor', { signal }));
  const latest = resource(latestJob);
  const textbook = openTextbook();
  const training = figure({
    id: 'xor',
    source: () => source.value,
    clock: () => parseClock(route.value.params, FIRST),
    setClock: (change) => {
      const { params } = route.peek();
      const clock = { ...parseClock(params, FIRST), ...change };
      go('start', null, { ...params, ...clockParams(clock) }, { replace: true });
    },
  });
  const parts = [source, latest, training, textbook];
  return {
    title: () => 'Start',
    render: () => html`${hero(latest.value)}
      ${source.problem ? problemView(source.problem, { retry: () => source.reload() }) : training.render()}
      <hr>${textbook.render()}`,
    close: () => parts.forEach((part) => part.close()),
  };
}

const hero = (job) => html`<div class="head">
  <div><h1>Backpropagation, number by number</h1>
    <p class="lead">A small network that learned exclusive or, recorded while it trained. Every number is
      the one that the engine computed; step through it, or train a network on your own table.</p>
    ${job ? html`<p class="latest"><a href=${href('backpropagation', job.id)}>See it in your own training:
      ${job.name ?? 'the latest job'}</a></p>` : nothing}</div>
  <div class="row"><a class="button main" href=${href('datasets')}>Upload a table</a>
    <a class="button" href=${href('tour')}>Take the tour</a></div>
</div>`;

/** The latest job that has done a step; null without one, or if the service cannot say. */
async function latestJob(signal) {
  try {
    const { data } = await get('/v1/jobs?limit=10', { signal });
    return data.find(({ progress, links }) => progress.steps > 0 && links.explain) ?? null;
  } catch {
    return null;
  }
}
