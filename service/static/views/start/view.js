/** Start: a recorded training on exclusive or, and the textbook's exercise. */
import { html, nothing, ref } from '../../core/dom.js';
import { get } from '../../core/api.js';
import { clockParams, parseClock } from '../../core/clock.js';
import { lazy } from '../../core/lazy.js';
import { resource } from '../../core/resource.js';
import { go, href, route } from '../../core/router.js';
import { effect, signal, untracked } from '../../core/state.js';
import { problemView } from '../../parts/problem.js';
import { figure } from '../../diagram/figure.js';
import { nearestStep } from '../../diagram/steps.js';
import { recordedSource } from '../../diagram/sources/recorded.js';

const EXERCISE = ['x', 'w1', 'w2', 'y', 'rate', 'hidden', 'output'];
const textbookModule = lazy(() => import('./textbook.js'));
const FIRST = { step: 20, phase: 'forward', layer: 'layers.0', unit: 0, row: 1 };

/** Open the view. */
export function open() {
  const first = route.peek().params.step === undefined ? FIRST : undefined;
  const source = resource((signal) => recordedSource('xor', { first, signal }));
  const latest = resource(latestJob);
  const textbook = textbookSection(EXERCISE.some((name) => name in route.peek().params));
  const training = figure({
    id: 'xor',
    source: () => source.value,
    isOpening: () => source.isLoading,
    clock: () => parseClock(route.value.params, FIRST),
    setClock: (change) => {
      const { params } = route.peek();
      const clock = { ...parseClock(params, FIRST), ...change };
      go('start', null, { ...params, ...clockParams(clock) }, { replace: true });
    },
  });
  // Only some steps are recorded: the address has the one that is drawn.
  const stop = effect(() => {
    const { view, params } = route.value;
    if (!source.value || view !== 'start' || params.step === undefined) return;
    const step = nearestStep(source.value, parseClock(params, FIRST).step);
    if (String(step) !== params.step) go('start', null, { ...params, step }, { replace: true });
  });
  const parts = [source, latest, training, textbook, { close: stop }];
  return {
    title: () => 'Start',
    render: () => html`${hero(latest.value)}
      ${source.problem ? problemView(source.problem, { retry: () => source.reload() }) : training.render()}
      <hr>${textbook.render(training.network() !== null || source.problem !== null)}`,
    close: () => parts.forEach((part) => part.close()),
  };
}

/** The textbook's section, which is loaded when it comes into sight, or if it is `wanted` at once. */
function textbookSection(wanted) {
  const isNear = signal(wanted);
  let opened = null;
  const observer = new IntersectionObserver(([{ isIntersecting }]) => {
    if (isIntersecting) isNear.value = true;
  });
  const watch = ref((box) => {
    observer.disconnect();
    if (box) observer.observe(box);
  });
  return {
    // Above it stands the diagram: before that is drawn, everything is in sight.
    render: (isPlaced) => {
      const module = isNear.value ? textbookModule() : null;
      if (module) opened ??= untracked(() => module.openTextbook());
      return opened ? opened.render() : html`<div class="below" ${isPlaced ? watch : nothing}>
        <h2>The textbook’s example</h2></div>`;
    },
    close: () => { observer.disconnect(); opened?.close(); },
  };
}

const hero = (job) => html`<div class="head">
  <div><h1>Backpropagation, number by number</h1>
    <p class="lead">A small network that learned exclusive or, recorded while it trained. Every number is
      the one that the engine computed; step through it, or train a network on your own table.</p>
    ${job ? html`<p class="latest"><a href=${href('backpropagation', job.id)}>See it in your own training:
      ${job.name}</a></p>` : nothing}</div>
  <div class="row"><a class="button main" href=${href('datasets')}>Upload a table</a>
    <a class="button" href=${href('tour')}>Take the tour</a></div>
</div>`;

/** Id and name of the latest job that has done a step; null without one, or if the service cannot say. */
async function latestJob(signal) {
  try {
    const { data } = await get('/v1/jobs?limit=3', { signal });
    const job = data.find(({ progress, links }) => progress.steps > 0 && links.explain);
    if (!job) return null;
    return { id: job.id, name: job.name || job.id };
  } catch {
    return null;
  }
}
