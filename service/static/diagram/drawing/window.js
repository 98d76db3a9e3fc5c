/** Layers that are drawn of a deep network: those around the selected one, and the last. */

const MOST_LAYERS = 7;
const NEIGHBOURS = 2;

/**
 * Layers to draw in order; a number stands for that many layers that are left out.
 * @param {object[]} layers
 * @param {string|null} selected
 * @returns {(object|number)[]}
 */
export function drawnLayers(layers, selected) {
  if (layers.length <= MOST_LAYERS) return layers;
  const last = layers.length - 1;
  const found = layers.findIndex((layer) => layer.key === selected);
  const center = found < 0 ? last : found;
  const first = Math.max(0, Math.min(center - NEIGHBOURS, last - 2 * NEIGHBOURS));
  const end = first + 2 * NEIGHBOURS;
  const shown = [];
  let left = 0;
  layers.forEach((layer, index) => {
    if ((index < first || index > end) && index !== last) {
      left += 1;
      return;
    }
    if (left) shown.push(left);
    left = 0;
    shown.push(layer);
  });
  return shown;
}
