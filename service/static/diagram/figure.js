/**
 * The figure: drawing, bar, legend, scrubber, table twin and panel of one source, driven by a clock.
 *
 * A view opens a figure once, and puts `figure.render()` into its own template.
 */
import { createRef, html, nothing, ref } from '../core/dom.js';
import { lazy } from '../core/lazy.js';
import { count } from '../core/numbers.js';
import { computed, signal, untracked } from '../core/state.js';
import { loadingLine } from '../parts/loading.js';
import { problemView } from '../parts/problem.js';
import { drawing } from './drawing.js';
import { announcer } from './figure/announcer.js';
import { drawnClock, loadedAnswers } from './figure/loaded.js';
import { legend } from './legend.js';
import { drawnNetwork } from './model.js';
import { panel } from './panel.js';
import { phaseBar } from './phase_bar.js';
import { player } from './player.js';
import { scrubber } from './scrubber.js';
import { nearestStep, stepBy } from './steps.js';

const keysModule = lazy(() => import('./figure/keys.js'));
const difference = lazy(() => import('./model/difference.js'));
const twinModule = lazy(() => import('./twin.js'));
const DRAG_MS = 120;
const FIRST_WIDTH = 720;
/** Windows are narrower than any drawing for a moment while a screenshot of the whole page is taken. */
const LEAST_WIDTH = 200;

/**
 * @typedef {object} Figure
 * @property {() => import('lit-html').TemplateResult} render reads signals: the view renders again
 * @property {() => import('./answers.js').StepAnswers|null} answers those that are drawn
 * @property {() => import('./model.js').DrawnNetwork|null} network the network that is drawn
 * @property {() => void} reload load the answers again
 * @property {() => void} pause stop playing
 * @property {() => void} close
 */

/**
 * Open a figure.
 * @param {object} options
 * @param {string} options.id unique on the page
 * @param {() => import('./answers.js').Source|null} options.source null while it is opened
 * @param {() => boolean} [options.isOpening] whether opening the source takes more than 200 ms
 * @param {() => import('./answers.js').Clock} options.clock reads signals
 * @param {(change: Partial<import('./answers.js').Clock>) => void} options.setClock
 * @param {(context: {answers: object, network: object, clock: object}) => any} [options.below] template
 *   below the drawing, such as heat maps
 * @param {(context: object) => any} [options.besidePanel] template at the panel's end
 * @param {() => any} [options.foot] template at the figure's foot, such as where its numbers come from
 * @param {() => import('./answers.js').StepAnswers|null} [options.minus] answers that are subtracted
 * @param {() => void} [options.check] what the key g does
 * @returns {Figure}
 */
export function figure(options) {
  const state = openState(options);
  return {
    render: () => figureTemplate(state, options),
    answers: () => state.answers(),
    network: () => state.network.value,
    reload: state.reload,
    pause: state.play.stop,
    close: state.close,
  };
}

function openState(options) {
  const { source, clock, setClock, minus = () => null } = options;
  const loaded = loadedAnswers(source, clock);
  const width = signal(FIRST_WIDTH);
  const dragged = signal(null);
  const isTableOpen = signal(false);
  const root = createRef();
  const shownClock = computed(() => drawnClock(loaded.value, clock()));
  const network = computed(() => (loaded.value
    ? withoutOther(drawnNetwork(loaded.value.answers, shownClock.value), minus(), shownClock.value) : null));
  const play = player({
    source,
    clock: () => untracked(clock),
    move: setClock,
    isReady: () => untracked(() => !loaded.isBehind && !document.hidden),
  });
  const move = (change) => { play.stop(); setClock(change); };
  const announce = announcer(() => ({ network: network.value, clock: shownClock.value }));
  const measure = widthObserver(width);
  return {
    root, width, dragged, isTableOpen, network, shownClock, play, move, loaded,
    answers: () => loaded.value?.answers ?? null,
    spoken: announce.text,
    measure: measure.ref,
    reload: loaded.reload,
    drag: dragger(dragged, move),
    close: () => { play.stop(); loaded.close(); announce.close(); measure.close(); },
  };
}

/** Network whose numbers are differences from other answers, if there are any. */
function withoutOther(network, other, clock) {
  const module = other ? difference() : null;
  return module ? module.subtract(network, drawnNetwork(other, clock), other.isOtherJob) : network;
}

/** The thumb moves at once; steps are loaded where it rests. */
function dragger(dragged, move) {
  let timer = null;
  const choose = (step) => { clearTimeout(timer); dragged.value = null; move({ step }); };
  return {
    choose,
    drag: (step) => {
      dragged.value = step;
      clearTimeout(timer);
      timer = setTimeout(() => move({ step }), DRAG_MS);
    },
  };
}

function widthObserver(width) {
  let box = null;
  const observer = new ResizeObserver(([entry]) => {
    width.value = Math.max(LEAST_WIDTH, Math.floor(entry.contentRect.width));
  });
  return {
    close: () => observer.disconnect(),
    ref: ref((element) => {
      if (element === box) return;
      observer.disconnect();
      box = element;
      if (box) observer.observe(box);
    }),
  };
}

function figureTemplate(state, options) {
  const { id, source, clock, besidePanel = () => nothing } = options;
  const answers = state.answers();
  const current = source();
  const context = answers && { answers, network: state.network.value, clock: state.shownClock.value };
  return html`<div class="split diagram" ${ref(state.root)} @focusin=${keysModule}
      @keydown=${(event) => keyPressed(event, state, options)}>
    <figure class="figure" aria-label="Diagram">
      ${phaseBar({
        clock: clock(), answers, play: state.play, move: state.move, source: current,
        step: (by) => state.move({ step: stepBy(current, clock().step, by) }),
      })}
      <div class="canvas"><div ${state.measure}>${context ? drawn(state, options, context) : nothing}</div>
        ${status(state, options)}</div>
      ${context ? feet(state, options, context, current) : nothing}
    </figure>
    <aside class="panel" aria-label="Selected unit" tabindex="-1">${context
      ? html`${panel({ ...withOwnDetails(state, context), select: state.move, id })}${besidePanel(context)}`
      : nothing}</aside>
    <p class="hidden" aria-live="polite">${state.spoken.value}</p>
  </div>`;
}

/** Keys are loaded with the first focus; one that is pressed before acts when they are there. */
async function keyPressed(event, state, options) {
  (keysModule() ?? await keysModule.loaded())?.handleKey(event, state, options);
}

/** Formulas of another position are not shown: those of a row are not the batch's. */
const withOwnDetails = ({ loaded }, context) => (loaded.isBehind
  ? { ...context, answers: { ...context.answers, details: null } } : context);

const drawn = (state, { id, below = () => nothing }, context) => html`${drawing({
  ...context,
  width: state.width.value,
  select: state.move,
  id,
  tableId: `${id}-table`,
})}${below(context)}`;

function status({ loaded }, { clock, isOpening = () => false }) {
  if (loaded.problem) return problemView(loaded.problem, { retry: loaded.reload });
  return loadingLine({ isLoading: isOpening() || loaded.isLoading }, `Reading step ${count(clock().step)}…`);
}

const feet = (state, { id, clock, foot }, context, source) => html`
  <div class="foot">${legend(context)}</div>
  <div class="foot">${source ? scrubber({
    source, answers: context.answers, step: state.dragged.value ?? nearestStep(source, clock().step),
    drag: state.drag.drag, choose: state.drag.choose,
  }) : nothing}</div>
  ${foot ? html`<div class="foot">${foot()}</div>` : nothing}
  <details class="foot" ?open=${state.isTableOpen.value}
    @toggle=${(event) => { state.isTableOpen.value = event.target.open; }}>
    <summary>Show as a table</summary>${table(state, context, `${id}-table`)}</details>
  <p class="foot keys-line small faint">Keys in the diagram: <kbd>←</kbd> <kbd>→</kbd> <kbd>↑</kbd> <kbd>↓</kbd> unit,
    <kbd>[</kbd> <kbd>]</kbd> phase, <kbd>,</kbd> <kbd>.</kbd> step, <kbd>Space</kbd> play, <kbd>?</kbd> all keys.</p>`;

function table({ isTableOpen }, context, id) {
  const module = isTableOpen.value ? twinModule() : null;
  return module ? module.twin({ ...context, id }) : html`<div id=${id}></div>`;
}
