/** Data of a job that the view needs: its record, losses, kept steps, findings and table. */
import { get, post, Problem } from '../../core/api.js';

const MOST_EPOCHS_PER_PAGE = 10_000;

/**
 * @param {string} id of the job
 * @param {AbortSignal} signal
 * @returns {Promise<{job: object, epochs: object[], checkpoints: object[], explanations: object[],
 *   findings: object[], verdict: string, dataset: object|null,
 *   keptSteps: {fold?: number, step: number}[]|null}>} `dataset` is null if it was deleted;
 *   `keptSteps` are then the steps that can still be looked at
 */
export async function loadTraining(id, signal) {
  const job = await get(`/v1/jobs/${encodeURIComponent(id)}`, { signal });
  const [epochs, kept, explanations, diagnostics, dataset] = await Promise.all([
    loadEpochs(job, signal),
    get(job.links.checkpoints, { signal }),
    get(`/v1/explanations?job_id=${job.id}&limit=50`, { signal }),
    get(`${job.links.diagnostics}?limit=1`, { signal }),
    loadDataset(job, signal),
  ]);
  const { findings, verdict } = diagnostics;
  return {
    job,
    epochs,
    checkpoints: kept.data,
    explanations: explanations.data,
    findings,
    verdict,
    dataset,
    keptSteps: dataset === null ? await loadKeptSteps(job, signal) : null,
  };
}

/** Steps of a job without its table: the refusal of a question about its rows lists them. */
async function loadKeptSteps(job, signal) {
  try {
    await post(job.links.explain, { step: 0 }, { signal });
  } catch (problem) {
    if (problem instanceof Problem && problem.body.kept_steps) return problem.body.kept_steps;
    throw problem;
  }
  return [];
}

/** All stored epochs: a page of the answer is bounded in bytes. */
async function loadEpochs(job, signal) {
  const found = [];
  for (let isMore = true; isMore;) {
    const after = found.at(-1)?.epoch ?? -1;
    const page = await get(
      `${job.links.losses}?limit=${MOST_EPOCHS_PER_PAGE}&after=${after}`, { signal });
    for (const { epoch, loss } of page.data) found.push({ epoch, loss });
    isMore = page.has_more;
  }
  return found;
}

async function loadDataset(job, signal) {
  try {
    return await get(job.links.dataset, { signal });
  } catch (problem) {
    if (problem instanceof Problem && problem.status === 404) return null;
    throw problem;
  }
}
