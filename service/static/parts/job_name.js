/** Names of jobs: every view names the same job in the same way. */

/** Name of a job; one without a name is named by its target and its short id. */
export const jobName = ({ name, id, spec }) => name
  || [...[spec?.target ?? []].flat(), shortId(id)].join(', ');

/** Start and end of an id: `job_01a2…7c21`. */
export const shortId = (id) => (id.length <= 16 ? id : `${id.slice(0, 8)}…${id.slice(-4)}`);
