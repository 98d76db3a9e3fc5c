/** Changes of the list of layers, with the focus and a sentence for each. */
import { signal } from '../../core/state.js';
import { idOf } from './form.js';
import { isContainer, keyOf } from './pointers.js';
import { labelOf } from './schema.js';

const UNITS = 64;
const FILTERS = 8;

/** @returns {object} `add`, `move`, `remove`, and `adding`: a signal of the open list of kinds */
export function layerActions(form) {
  const announced = signal('');
  const listAt = (path) => form.valueAt(path) ?? [];

  function add(path, variant) {
    const layers = listAt(path);
    form.set(path, [...layers, newLayer(form, variant, layers)]);
    announced.value = `${variant.label} added as layer ${layers.length + 1}.`;
    focusFirstControl([...path, String(layers.length)]);
  }

  function move(path, index, by, key) {
    const layers = listAt(path);
    const target = index + by;
    if (target < 0 || target >= layers.length) return;
    const focused = document.activeElement?.id;
    const moved = [...layers];
    moved.splice(target, 0, ...moved.splice(index, 1));
    form.set(path, moved);
    announced.value = `${nameOf(layers[index])} is now layer ${target + 1} of ${layers.length}.`;
    refocus(focused, key, [...path, String(index)], [...path, String(target)]);
  }

  function remove(path, index) {
    const layers = listAt(path);
    const sentence = `${nameOf(layers[index])}, layer ${index + 1}, is removed.`;
    form.set(path, layers.filter((_, position) => position !== index), sentence);
    const next = listAt(path)[Math.min(index, layers.length - 2)];
    const id = next === undefined ? `${idOf(path)}-add` : `${keyOf(next)}-remove`;
    document.getElementById(id)?.focus();
  }
  return { add, move, remove, announced, adding: signal(null) };
}

const nameOf = (layer) => (isContainer(layer) && typeof layer.type === 'string' ? labelOf(layer.type) : 'The layer');

/** A new layer with what its type requires; a block keeps the shape that comes in. */
function newLayer(form, variant, before) {
  const size = form.checking.valid.value?.sizes.get(before.length ? keyOf(before.at(-1)) : 'input');
  const starts = {
    units: UNITS,
    filters: FILTERS,
    activation: 'relu',
    layers: [{ type: 'dense', units: size?.out_shape.length === 1 ? size.out_shape[0] : UNITS }],
  };
  const required = variant.fields.filter((field) => field.isRequired && starts[field.name] !== undefined);
  return { type: variant.name, ...Object.fromEntries(required.map((field) => [field.name, starts[field.name]])) };
}

function focusFirstControl(path) {
  const card = document.getElementById(idOf(path));
  (card?.querySelector('input, select, textarea') ?? card)?.focus();
}

/** A moved element has lost the focus; its id has changed if it names the position. */
function refocus(focused, key, before, after) {
  const id = key ? focused : focused?.replace(idOf(before), idOf(after));
  document.getElementById(id)?.focus();
}
