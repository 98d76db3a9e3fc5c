/** The layers that the form shows: those of the request, or the default ones. */
import { isContainer, keyOf, valueAt, withValue } from './pointers.js';
import { layersField, sparseLayer } from './sparse.js';

const defaults = new WeakMap();

/** Path of the layers in a request. */
export const LAYERS = ['network', 'layers'];

/**
 * @param {object} spec the request
 * @param {object|null} resolved spec of the validation's answer
 * @returns {{layers: any[], isDefault: boolean}}
 */
export function shownLayers(spec, resolved, document) {
  const own = valueAt(spec, LAYERS);
  if (Array.isArray(own)) return { layers: own, isDefault: false };
  const source = resolved ?? layersField(document);
  if (!defaults.has(source)) defaults.set(source, defaultLayers(resolved, document));
  return { layers: defaults.get(source), isDefault: true };
}

function defaultLayers(resolved, document) {
  const list = layersField(document);
  const layers = resolved ? resolved.network.layers.slice(resolved.input_shape ? 1 : 0) : list.defaultValue;
  // The initializer that a request leaves open follows from the activation.
  return (layers ?? []).map(({ initializer: _, ...layer }) => sparseLayer(layer, list));
}

/** The request with other layers; default ones become the request's own. */
export function withLayers(spec, resolved, document, update) {
  const { layers } = shownLayers(spec, resolved, document);
  return withValue(spec, LAYERS, update(layers));
}

/** Number of layers that the service puts before those of the request. */
export const addedLayers = (layers, resolved) => (
  resolved ? Math.max(0, resolved.network.layers.length - layers.length) : 0);

/**
 * Sizes of layers by the keys of the request's layers, `input` and `output`.
 * @returns {Map<string, {in_shape: number[], out_shape: number[], parameter_count: number}>}
 */
export function sizesByKey(layers, answer) {
  const named = new Map(answer.layers.map((size) => [size.name, size]));
  const found = new Map([['output', named.get('output')]]);
  const visit = (list, prefix, added) => list.forEach((layer, index) => {
    const name = `${prefix}.${index + added}`;
    if (named.has(name)) found.set(keyOf(layer), named.get(name));
    if (isContainer(layer) && Array.isArray(layer.layers)) visit(layer.layers, `${name}.layers`, 0);
  });
  visit(layers, 'layers', addedLayers(layers, answer.spec));
  return found;
}
