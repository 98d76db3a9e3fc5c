/** Moves of the clock along the steps of a source. */
import { PHASES } from '../core/clock.js';

/** Step that can be drawn and is `count` further on, or back. */
export function stepBy(source, step, count) {
  const { marks, steps, hasOnlyMarks } = source;
  if (!hasOnlyMarks) return clamp(step + count, 0, steps - 1);
  const place = marks.indexOf(nearestStep(source, step));
  return marks[clamp(place + count, 0, marks.length - 1)];
}

/** Whether only some of the steps can be drawn. */
export const hasGaps = ({ marks, steps, hasOnlyMarks }) => hasOnlyMarks && marks.length < steps;

/** Step that can be drawn and is nearest to a number. */
export function nearestStep({ marks, steps, hasOnlyMarks }, step) {
  if (!hasOnlyMarks || !marks.length) return clamp(step, 0, Math.max(0, steps - 1));
  return marks.reduce((best, mark) => (Math.abs(mark - step) < Math.abs(best - step) ? mark : best));
}

/** Change of the clock by which playing goes on; null after the last phase of the last step. */
export function nextPosition(source, clock) {
  const place = PHASES.indexOf(clock.phase);
  if (place < PHASES.length - 1) return { phase: PHASES[place + 1] };
  const step = source.marks.find((mark) => mark > clock.step) ?? stepBy(source, clock.step, 1);
  return step > clock.step ? { phase: PHASES[0], step } : null;
}

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
