/** Numbers of one network minus those of another of the same shape. */
import { count } from '../../core/numbers.js';

/**
 * Network whose values are differences; where one of both is missing, there is no number.
 * @param {import('../model.js').DrawnNetwork} network
 * @param {import('../model.js').DrawnNetwork} other
 * @param {boolean} isOtherJob whether `other` is that of another job
 */
export function subtract(network, other, isOtherJob) {
  const layer = (one, minus) => ({
    ...one,
    units: pair(one.units, minus?.units ?? [], (unit) => unit.key, unitDifference),
    edges: pair(one.edges, minus?.edges ?? [], (edge) => edge.key, (edge, less) => ({
      ...edge, value: difference(edge.value, less?.value), input: difference(edge.input, less?.input),
      all: numbers(edge.all, less?.all) })),
    carried: new Map([...one.carried].map(([unit, number]) => [
      unit, difference(number, minus?.carried.get(unit))])),
    largest: null,
  });
  const steps = [network, other].map(({ step }) => `step ${count(step)}`);
  return {
    ...network,
    difference: {
      drawing: `The drawing shows differences: ${steps.join(' minus ')}${isOtherJob ? ' of the other job' : ''}.`,
      panel: `Numbers of ${steps[0]} alone; the drawing shows differences.`,
    },
    inputs: layer(network.inputs, other.inputs),
    layers: pair(network.layers, other.layers, (one) => one.key, layer),
    loss: { ...network.loss, value: difference(network.loss.value, other.loss.value) },
  };
}

function pair(ones, others, keyOf, combine) {
  const found = new Map(others.map((other) => [keyOf(other), other]));
  return ones.map((one) => combine(one, found.get(keyOf(one))));
}

const unitDifference = (unit, less) => ({
  ...unit,
  ...(unit.value ? { value: difference(unit.value, less?.value), raw: 'Δ', spoken: 'difference' } : {}),
  // The curve and the cause of a zero are those of one step.
  ...(unit.left !== undefined ? {
    left: difference(unit.left, less?.left), right: difference(unit.right, less?.right),
    all: numbers(unit.all, less?.all), note: null, noteNumber: null, why: null, curve: null, bars: null,
  } : {}),
});

const numbers = (all, less) => Object.fromEntries(Object.entries(all).map(([name, number]) => [
  name, difference(number, less?.[name])]));

function difference(number, less) {
  if (!number || number.state === 'none') return number;
  const { base, spoken } = number.symbol;
  const symbol = { ...number.symbol, base: `Δ${base}`, spoken: `difference of ${spoken}` };
  if (number.state !== 'known' || less?.state !== 'known') {
    return { ...number, symbol, value: null, state: number.state === 'known' ? 'none' : number.state };
  }
  return { ...number, symbol, value: number.value - less.value, minus: less.value, zero: null };
}
