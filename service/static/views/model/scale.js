/** Linear scales and their ticks. */

const TICKS = 5;
const NICE = [1, 2, 5, 10];

/** Function from values to pixels. */
export function linear([from, to], [start, end]) {
  const span = to - from || 1;
  return (value) => start + ((value - from) / span) * (end - start);
}

/** Round numbers between two values, at most about six. */
export function ticks(from, to) {
  const span = to - from;
  if (!(span > 0) || !Number.isFinite(span)) return [from];
  const power = 10 ** Math.floor(Math.log10(span / TICKS));
  const step = power * NICE.find((factor) => span / (power * factor) <= TICKS + 1);
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

/** Evenly spaced values from one to another, both included. */
export const spaced = (from, to, number) => Array.from({ length: number }, (_, index) => (
  from + ((to - from) * index) / (number - 1)));

/** Middles of equal parts of a range. */
export const middles = (from, to, number) => Array.from({ length: number }, (_, index) => (
  from + ((to - from) * (index + 0.5)) / number));
