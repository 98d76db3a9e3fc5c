/** Numbers of one network minus those of another of the same shape. */

/** Network whose values are differences; where one of both is missing, there is no number. */
export function subtract(network, other) {
  const layer = (one, minus) => ({
    ...one,
    units: pair(one.units, minus?.units ?? [], (unit) => unit.key, unitDifference),
    edges: pair(one.edges, minus?.edges ?? [], (edge) => edge.key, (edge, less) => ({
      ...edge, value: difference(edge.value, less?.value), all: numbers(edge.all, less?.all) })),
    largest: null,
  });
  return {
    ...network,
    isDifference: true,
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
  ...(unit.value ? { value: difference(unit.value, less?.value) } : {}),
  ...(unit.left !== undefined ? {
    left: difference(unit.left, less?.left), right: difference(unit.right, less?.right),
    all: numbers(unit.all, less?.all), note: null, noteNumber: null,
  } : {}),
});

const numbers = (all, less) => Object.fromEntries(Object.entries(all).map(([name, number]) => [
  name, difference(number, less?.[name])]));

function difference(number, less) {
  if (!number || number.state === 'none') return number;
  if (number.state !== 'known' || less?.state !== 'known') {
    return { ...number, value: null, state: number.state === 'known' ? 'none' : number.state };
  }
  return { ...number, value: number.value - less.value, minus: less.value, zero: null };
}
