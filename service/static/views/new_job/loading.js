/** Reads of the view: schema, datasets, the table, the job to start from. */
import { get } from '../../core/api.js';
import { patched } from './pointers.js';
import { sparseJob } from './sparse.js';

let openapi = null;

/** The API's schema; it is read once. */
export function readSchema() {
  openapi ??= get('/openapi.json').catch((error) => {
    openapi = null;
    throw error;
  });
  return openapi;
}

/** The newest tables. */
export const readDatasets = async (signal) => (await get('/v1/datasets?limit=100', { signal })).data;

/** A table with its columns. */
export const readDataset = (id, signal) => get(`/v1/datasets/${encodeURIComponent(id)}`, { signal });

/** The request of a job after a JSON Patch: its resolved spec without what is the default anyway. */
export async function requestOfJob(id, document, patch) {
  const job = await get(`/v1/jobs/${encodeURIComponent(id)}`);
  const { dataset_id: dataset, ...spec } = sparseJob(patched(job.spec, patch), document);
  const start = job.start_from?.model_id ? { start_from: { model_id: job.start_from.model_id } } : {};
  return { dataset_id: dataset ?? job.spec.dataset_id, ...(job.name ? { name: job.name } : {}), ...spec, ...start };
}

/** The request to begin with: the last column is the target until another is chosen. */
export function requestOfDataset(dataset) {
  const target = dataset.columns.findLast((column) => column.kind !== 'text' && column.kind !== 'time');
  return { dataset_id: dataset.id, ...(target ? { target: target.name } : {}) };
}
