/** Addresses of other views that a job leads to. */
import { href } from '../../../core/router.js';

/** New job with the spec of this one, changed by a JSON Patch. */
export const newJobHref = (id, patch = null) => href(
  'new-job', null, { from: id, patch: patch === null ? null : JSON.stringify(patch) });

/** Diagram of a job at the update after `steps` steps, the last one if there is no such update. */
export const stepHref = ({ id, progress }, steps) => href(
  'backpropagation', id, { step: Math.max(0, Math.min(steps, progress.steps - 1)) });
