/** Backpropagation of a job: any of its steps, number by number. */
import { insideView } from './inside_view.js';
import { latestJobs } from './latest.js';

/** Open the view of a job, or without an id that of the latest jobs. */
export const open = (id) => (id === null ? latestJobs() : insideView(id));
