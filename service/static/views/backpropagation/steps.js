/** Steps of a job: how many there are, where its epochs end, and which are kept. */

/** A replay of this many seconds is not noticed. */
const SHORT_SECONDS = 0.5;

/** Number of steps per epoch of a network of the job; null before the rows are known. */
export function stepsPerEpoch(job, fold) {
  const rows = fold === null ? job.rows?.training : job.rows?.folds?.[fold]?.training;
  if (!rows || !job.spec) return null;
  const { batch_size: size, network } = job.spec;
  if (size === 'full') return 1;
  // A last batch of one row cannot be normalized: it is joined to the one before.
  const isJoined = rows > size && rows % size === 1 && normalizesBatches(network.layers);
  return Math.ceil(rows / size) - (isJoined ? 1 : 0);
}

/** Whether a layer needs several rows, or one of its blocks. */
export const normalizesBatches = (layers = []) => layers.some((layer) => (
  layer.type === 'batch_normalization' || normalizesBatches(layer.layers)));

/**
 * Number of steps of a network that can be looked at: a job that waits has its first.
 * @param {object} job
 * @param {number|null} fold
 * @param {object[]} epochs losses of the final network, per epoch
 */
export function stepCount(job, fold, epochs) {
  const perEpoch = stepsPerEpoch(job, fold);
  if (fold !== null) return Math.max(1, (job.spec?.epochs ?? 1) * (perEpoch ?? 1));
  const done = hasFolds(job) ? ((epochs.at(-1)?.epoch ?? -1) + 1) * (perEpoch ?? 0) : job.progress.steps;
  // The step in which a job has diverged can be looked at.
  return Math.max(1, done + (job.status_reason === 'diverged' ? 1 : 0));
}

/** Whether the job trains networks on folds before the final one. */
export const hasFolds = (job) => (job.progress.folds ?? 0) > 0;

/** Losses at the steps after which their epochs ended, for the scrubber. */
export function lossesBySteps(epochs, perEpoch) {
  if (!perEpoch) return [];
  return epochs.map(({ epoch, loss }) => ({ step: (epoch + 1) * perEpoch, loss }));
}

/**
 * Steps of a network whose state is kept, in order.
 * @param {{job: object, fold: number|null, checkpoints: object[], explanations: object[]}} kept
 * @param {number} steps
 */
export function keptSteps({ job, fold, checkpoints, explanations }, steps) {
  // Checkpoints count steps over all networks.
  const own = hasFolds(job) ? [] : checkpoints.map((one) => one.steps);
  const reached = explanations
    .filter(({ is_kept: isKept, position }) => isKept && position.fold === fold)
    .map(({ position }) => position.step);
  const all = new Set([0, ...(fold === null ? own : []), ...reached]);
  return [...all].filter((step) => step < steps).sort((a, b) => a - b);
}

/** Step to begin with: in the middle, or the kept one next to it if the replay would be noticed. */
export function firstStep({ job, fold = null, steps, marks, hasOnlyMarks = false }) {
  // How many steps a fold has is known once one of them is shown.
  if (fold !== null && !hasOnlyMarks) return 0;
  const middle = Math.floor((steps - 1) / 2);
  const before = marks.filter((mark) => mark <= middle).at(-1) ?? 0;
  const perStep = (job.timings?.training ?? 0) / Math.max(1, job.progress.steps);
  const isShort = (middle - before) * perStep < SHORT_SECONDS;
  if (isShort && !hasOnlyMarks) return middle;
  return marks.reduce((best, mark) => (
    Math.abs(mark - middle) < Math.abs(best - middle) ? mark : best), marks[0] ?? 0);
}

/** Unit with the largest |δ| in the hidden layers, or in the output of a network without them. */
export function steepestUnit(answers) {
  const { layers } = answers.row ?? answers.batch;
  const candidates = layers.flatMap(({ name, units }) => units.map((unit) => ({
    layer: name, unit: unit.unit, size: Math.abs(unit.delta?.rows[0] ?? unit.delta?.batch ?? 0),
  })));
  const hidden = candidates.filter(({ layer }) => layer !== 'output');
  const among = hidden.some(({ size }) => size > 0) ? hidden : candidates;
  return among.reduce((best, one) => (best === null || one.size > best.size ? one : best), null);
}
