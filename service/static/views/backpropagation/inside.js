/** State of the view of one job: its training, the clock in the address, answers, waits and news. */
import { isUnreachable, Problem } from '../../core/api.js';
import { clockParams, parseClock } from '../../core/clock.js';
import { resource } from '../../core/resource.js';
import { go, route } from '../../core/router.js';
import { computed, effect, signal } from '../../core/state.js';
import { thinnedWords } from '../../parts/thinned.js';
import { answerCache } from '../../diagram/sources/answer_cache.js';
import { jobSource } from '../../diagram/sources/job.js';
import { followJob } from './live.js';
import { firstStep, keptSteps, lossesBySteps, stepCount, steepestUnit, stepsPerEpoch } from './steps.js';
import { loadTraining } from './training.js';

const VIEW = 'backpropagation';
/** Choices that follow each other faster are one entry of the browser's history. */
const ENTRY_MS = 1000;

/**
 * @param {string} id of the job
 * @returns {Inside}
 * @typedef {ReturnType<typeof insideJob>} Inside
 */
export function insideJob(id) {
  const abort = new AbortController();
  const loaded = resource((stop) => loadTraining(id, stop));
  const cache = answerCache();
  const wait = signal(null);
  const answers = signal(null);
  const failure = signal(null);
  const news = signal({ job: null, steps: 0 });

  // The address names another job just before this view is closed: its layers are not of this job.
  let ofThisJob = {};
  const params = computed(() => {
    const { view, id: shown, params: found } = route.value;
    if (view === VIEW && shown === id) ofThisJob = found;
    return ofThisJob;
  });
  const ownRow = computed(() => readRow(params.value.own));
  const fold = computed(() => parseClock(params.value).fold);
  // A fold may have stopped early: its answers say after how many steps.
  const stepsOfFold = computed(() => {
    const at = answers.value?.at;
    return at && fold.value !== null && at.fold === fold.value ? at.steps : null;
  });
  const training = computed(() => describe(loaded.value, fold.value, stepsOfFold.value));
  const clock = computed(() => parseClock(params.value, {
    step: training.value ? firstStep(training.value) : 0,
  }));
  const source = computed(() => openSource(training.value, ownRow.value));

  /** Without its table, a job is looked at with a row of the person's own only. */
  function openSource(found, own) {
    if (!found || (found.hasOnlyMarks && own === null)) return null;
    return watched(jobSource({ ...found, ownRow: own }, { cache, onWait: (one) => { wait.value = one; } }));
  }

  function watched(plain) {
    const load = async (at, options) => {
      try {
        const found = await plain.load(at, options);
        answers.value = found;
        failure.value = null;
        chooseUnit(at, found);
        return found;
      } catch (problem) {
        if (!options?.signal?.aborted) fail(at, problem);
        throw problem;
      }
    };
    return { ...plain, load };
  }

  function fail(at, problem) {
    // The numbers that are drawn stay: the figure loads by itself when the connection is back.
    if (isUnreachable(problem)) return;
    const isGone = problem instanceof Problem && problem.code === 'dataset_gone';
    if (isGone && !training.peek().hasOnlyMarks) loaded.reload();
    const isBatchOnly = problem.errors?.some(({ code }) => code === 'batch_normalization_single_row');
    if (isBatchOnly) setClock({ mode: 'batch' }, { replace: true });
    else failure.value = { key: keyOf(at, params.peek().own), problem };
  }

  /** The unit to begin with, unless the address names one: chosen once the step is drawn. */
  function chooseUnit(at, found) {
    const { layer, unit } = steepestUnit(found) ?? {};
    if (at.layer !== null || !layer) return;
    setTimeout(() => {
      if (clock.peek().layer === null) setClock({ layer, unit }, { replace: true });
    });
  }

  let enteredAt = -Infinity;
  const unread = signal(null);
  const stopReading = effect(() => {
    const { step } = params.value;
    if (step !== undefined && !/^\d{1,15}$/.test(step)) unread.value = step;
  });
  /** Move the clock. Chosen steps and units are entries of the history, the rest replaces. */
  function setClock(change, { replace = false } = {}) {
    const now = clock.peek();
    const next = { ...now, ...change };
    if (change.step !== undefined) unread.value = null;
    const isChoice = ['step', 'layer', 'unit', 'fold'].some((name) => next[name] !== now[name]);
    const isNew = isChoice && performance.now() - enteredAt > ENTRY_MS;
    if (isChoice) enteredAt = performance.now();
    setParams(clockParams(next), { replace: replace || !isNew });
  }

  /** Change parameters of the address; null leaves one out. */
  function setParams(change, { replace = true } = {}) {
    const at = route.peek();
    if (at.view === VIEW && at.id === id) go(VIEW, id, { ...at.params, ...change }, { replace });
  }

  const newest = computed(() => Math.max(0, news.value.steps - (source.value?.steps ?? 0)));

  async function showNewest() {
    await loaded.reload();
    setClock({ step: Math.max(news.peek().steps, training.peek().steps) - 1 });
  }

  function follow(job) {
    const onJob = (next) => { news.value = { job: next, steps: Math.max(news.peek().steps, stepCount(next, null, [])) }; };
    followJob(job, {
      signal: abort.signal,
      onJob,
      onEpoch: (epoch) => {
        const perEpoch = stepsPerEpoch(news.peek().job ?? job, null) ?? 0;
        news.value = { ...news.peek(), steps: (epoch + 1) * perEpoch };
      },
    }).catch(() => {});
  }

  let isFollowed = false;
  const stop = effect(() => {
    const job = loaded.value?.job;
    if (!job || job.is_terminal || isFollowed) return;
    isFollowed = true;
    follow(job);
  });

  return {
    id, loaded, training, source, clock, params, answers, wait, newest, ownRow,
    job: computed(() => news.value.job ?? loaded.value?.job ?? null),
    failure: computed(() => (
      failure.value?.key === keyOf(clock.value, params.value.own) ? failure.value.problem : null)),
    setClock, setParams, showNewest, unread,
    forget: () => { failure.value = null; },
    close: () => { abort.abort(); stop(); stopReading(); loaded.close(); },
  };
}

const keyOf = ({ fold, step, row, mode, layer, unit }, own) => (
  JSON.stringify([fold, step, row, mode, layer, unit, own ?? null]));

/** Training of a network of the job, for its source. */
function describe(found, fold, stepsOfFold) {
  if (!found) return null;
  const { job, epochs, checkpoints, explanations, keptSteps: withoutTable } = found;
  const steps = stepsOfFold ?? stepCount(job, fold, epochs);
  const hasOnlyMarks = withoutTable !== null;
  const inFold = (withoutTable ?? []).filter((one) => (one.fold ?? null) === fold);
  return {
    ...found,
    fold,
    steps,
    losses: fold === null ? lossesBySteps(epochs, stepsPerEpoch(job, fold)) : [],
    lossNote: fold === null ? thinnedWords(epochs.map(({ epoch }) => epoch))
      : 'The service records no losses of the folds.',
    marks: hasOnlyMarks ? inFold.map(({ step }) => step)
      : keptSteps({ job, fold, checkpoints, explanations }, steps),
    hasOnlyMarks,
  };
}

/** A row of the person's own, from the address; null for anything else. */
function readRow(text) {
  try {
    const row = text ? JSON.parse(text) : null;
    return isObject(row) && isObject(row.values) ? row : null;
  } catch {
    return null;
  }
}

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
