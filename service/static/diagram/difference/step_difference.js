/** Difference between the step of the clock and another one, of the same job or of another. */
import { get } from '../../core/api.js';
import { signal } from '../../core/state.js';
import { showsRow } from '../answers.js';
import { jobSource } from '../sources/job.js';
import { loaded } from '../wide/loaded.js';
import { loadPair } from './load.js';
import { differenceView } from './view.js';

const MOST_JOBS = 50;

/**
 * @param {object} options
 * @param {string} options.jobId
 * @param {() => import('../answers.js').Clock} options.clock
 * @param {() => import('../answers.js').StepAnswers|null} options.answers of the clock's step
 * @param {() => Record<string, string>} options.params of the address: `with` is the other job, by
 *   default the same one; `with_step` its step. Nothing is compared without it.
 * @param {(change: Record<string, string|number|null>) => void} options.setParams
 * @returns {{minus: () => import('../answers.js').StepAnswers|null, render: () => any}} `minus` has
 *   the answers that the figure subtracts
 */
export function stepDifference({ jobId, clock, answers, params, setParams }) {
  const owner = {};
  const state = { isOpen: signal(false), layer: signal(null), part: signal(0) };

  const other = () => {
    const { with: withId = jobId, with_step: step } = params();
    return /^\d{1,15}$/.test(step ?? '') ? { withId, withStep: Number(step) } : null;
  };

  function pair(target) {
    const shown = answers();
    const layer = shown && layerOf(shown, clock(), state.layer.value);
    if (!layer) return null;
    const question = {
      jobId, ...target, clock: clock(), answers: shown, layer, part: state.part.value,
    };
    const key = JSON.stringify([target, shown.step, clock().fold, layer.name, state.part.value,
      showsRow(clock()) ? shown.rowShown?.number : null]);
    return { layer, resource: loaded(owner, 'pair', key, (abort) => loadPair(question, abort)) };
  }

  function minus() {
    const target = other();
    const shown = answers();
    if (!target || !shown || pair(target)?.resource.value?.unequal !== null) return null;
    const at = { ...clock(), step: target.withStep, row: shown.rowShown?.number ?? clock().row };
    const key = JSON.stringify([target.withId, at]);
    const found = loaded(owner, 'minus', key, async (abort) => {
      const job = await get(`/v1/jobs/${target.withId}`, { signal: abort });
      const source = jobSource({ job, steps: job.progress.steps ?? 0, losses: [], marks: [] });
      const answersThere = await source.load(at, { signal: abort });
      return { key, answers: { ...answersThere, isOtherJob: target.withId !== jobId } };
    });
    return found.value?.key === key ? found.value.answers : null;
  }

  const jobs = () => loaded(owner, 'jobs', 'jobs', async (abort) => (
    await get(`/v1/jobs?limit=${MOST_JOBS}`, { signal: abort })).data);

  return {
    minus,
    render: () => {
      const target = other();
      const isOpen = state.isOpen.value || target !== null;
      return differenceView({
        jobId, target, state, isOpen, clock: clock(), answers: answers(), setParams,
        jobs: isOpen ? jobs() : null,
        pair: target ? pair(target) : null,
      });
    },
  };
}

/** The layer that is compared: the chosen one, that of the selected unit, or the first with weights. */
function layerOf({ batch }, clock, chosen) {
  const layers = batch.layers.filter(({ parameters }) => parameters?.length);
  return layers.find(({ name }) => name === (chosen ?? clock.layer)) ?? layers[0] ?? null;
}
