/** The layers of a network as cards: fields, shapes, and buttons to add, move and remove them. */
import { html, nothing, repeat } from '../../core/dom.js';
import { count } from '../../core/numbers.js';
import { errorText, isSet } from './fields.js';
import { idOf } from './form.js';
import { memberFields } from './object_fields.js';
import { isContainer, keyOf, pointerOf } from './pointers.js';
import { layersField } from './sparse.js';

/** Fields that most networks leave at their defaults. */
const MINOR = new Set(['use_bias', 'l1', 'l2', 'max_norm', 'frozen', 'tables', 'epsilon', 'momentum', 'initializer']);

/**
 * A list of layers and the button that adds one.
 * @param {object} form @param {string[]} path of the list
 * @param {{layers: any[], actions: object, where: string}} options `where` names the list for people
 */
export function layerList(form, path, { layers, actions, where = '' }) {
  return html`<ol class="layers">${repeat(layers, keyOf, (layer, index) => html`<li>${
    layerCard(form, [...path, String(index)], { layer, index, layers, actions, where })}</li>`)}</ol>
  ${addLayer(form, path, actions, where)}`;
}

function layerCard(form, path, { layer, index, layers, actions, where }) {
  const field = layersField(form.document);
  const variant = field.variants.find((one) => one.name === layer?.type);
  const label = variant?.label ?? (isContainer(layer) ? `${layer.type ?? 'Layer without a type'}` : 'Not a layer');
  const name = `Layer ${index + 1}${where}: ${label}`;
  const id = idOf(path);
  const errors = form.errorsAt(path, { isWhole: false });
  return html`<div class=${path.length > 3 ? 'layer inner' : 'layer card'} role="group" aria-label=${name} id=${id}
      tabindex="-1" aria-describedby=${errors.length ? `${id}-error` : nothing}
      @keydown=${(event) => moveByKey(event, { path, index, layers, actions, name })}>
    <div class="layer-head"><h3>${label}</h3>
      ${tools({ path, index, layers, actions, name, key: keyOf(layer) })}${sizeOf(form, layer)}</div>
    ${variant ? layerFields(form, path, variant, layer, actions, where)
      : html`<p class="small muted">${label === 'Not a layer' ? JSON.stringify(layer) : 'The service does not know this type.'}</p>`}
    ${errorText(id, errors)}
  </div>`;
}

function layerFields(form, path, variant, layer, actions, where) {
  const [major, minor] = [variant.fields.filter((one) => !MINOR.has(one.name)), variant.fields.filter((one) => MINOR.has(one.name))];
  const inner = major.find((one) => one.kind === 'layers');
  const plain = major.filter((one) => one !== inner);
  return html`
    ${plain.length ? nothing : html`<p class="small muted">${variant.description.split('\n\n')[0]}</p>`}
    ${plain.length ? html`<div class="fields">${memberFields(form, path, plain)}</div>` : nothing}
    ${inner ? layerList(form, [...path, inner.name], {
      layers: Array.isArray(layer.layers) ? layer.layers : [], actions, where: `${where} in the block of layer ${Number(path.at(-1)) + 1}` }) : nothing}
    ${minor.length ? moreFields(form, path, minor) : nothing}`;
}

/** Rare fields; what is set among them stands in the summary. */
export function moreFields(form, path, fields) {
  const set = fields.filter((field) => isSet(form, [...path, field.name], field));
  return html`<details ?open=${isOpened(form, path, fields)}><summary>More${set.length ? html`: <span class="faint">${
    set.map((field) => field.label.toLowerCase()).join(', ')} set</span>` : nothing}</summary>
    <div class="fields">${memberFields(form, path, fields)}</div></details>`;
}

/** Whether a group is open because one of its fields is or was wrong. */
export function isOpened(form, path, fields) {
  const id = pointerOf([...path, fields[0]?.name ?? '']);
  if (fields.some((field) => form.errorsAt([...path, field.name]).length)) form.opened.add(id);
  return form.opened.has(id);
}

/** Shape of a row: 8 × 8 × 1. */
const shapeText = (shape) => shape.map(count).join(' × ');

/** Shapes and parameters of a layer as the service answered them last. */
export function sizeOf(form, layer) {
  const size = form.checking.valid.value?.sizes.get(typeof layer === 'string' ? layer : keyOf(layer));
  if (!size) return html`<p class="size"></p>`;
  const [from, to] = [shapeText(size.in_shape), shapeText(size.out_shape)];
  return html`<p class="size">${from === to ? to : html`${from} <span aria-hidden="true">→</span><span class="hidden">to</span> ${to}`}${
    size.parameter_count ? html`<br>${count(size.parameter_count)} parameters` : nothing}</p>`;
}

function tools({ path, index, layers, actions, name, key }) {
  const list = path.slice(0, -1);
  const move = (by) => actions.move(list, index, by, key);
  return html`<div class="row tight tools">
    <button type="button" class="button quiet" id="${key}-up" aria-label=${`Move up: ${name}`} aria-keyshortcuts="Alt+ArrowUp"
      aria-disabled=${index === 0 ? 'true' : nothing} @click=${() => move(-1)}>${ARROW_UP}</button>
    <button type="button" class="button quiet" id="${key}-down" aria-label=${`Move down: ${name}`} aria-keyshortcuts="Alt+ArrowDown"
      aria-disabled=${index === layers.length - 1 ? 'true' : nothing} @click=${() => move(1)}>${ARROW_DOWN}</button>
    <button type="button" class="button quiet" id="${key}-remove" aria-label=${`Remove: ${name}`}
      @click=${() => actions.remove(list, index)}>${CROSS}</button>
  </div>`;
}

const drawn = (path) => html`<svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true"><path d=${path}
  fill="none" stroke="currentColor" stroke-width="1.5"/></svg>`;
const ARROW_UP = drawn('M7 11.5V3M3.2 6.6 7 2.8l3.8 3.8');
const ARROW_DOWN = drawn('M7 2.5V11M3.2 7.4 7 11.2l3.8-3.8');
const CROSS = drawn('M3.2 3.2l7.6 7.6m0-7.6-7.6 7.6');

function moveByKey(event, { path, index, actions }) {
  const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!by || !event.altKey) return;
  event.preventDefault();
  event.stopPropagation();
  actions.move(path.slice(0, -1), index, by, null);
}

function addLayer(form, path, actions, where) {
  const id = `${idOf(path)}-add`;
  const isOpen = actions.adding.value === id;
  const close = () => { actions.adding.value = null; };
  const toggle = () => { actions.adding.value = isOpen ? null : id; };
  const closeByKey = (event) => {
    if (event.key !== 'Escape' || !isOpen) return;
    event.stopPropagation();
    close();
    document.getElementById(id).focus();
  };
  return html`<div class="adding" @keydown=${closeByKey}>
    <button type="button" class="button add" id=${id} aria-expanded=${String(isOpen)} @click=${toggle}>Add a layer${where}</button>
    ${isOpen ? html`<ul class="kinds">${layersField(form.document).variants.map((variant) => html`<li>
      <button type="button" class="kind" @click=${() => { close(); actions.add(path, variant); }}>
        <strong>${variant.label}</strong> <span class="small muted">${variant.description.split(/\n\n|(?<=\.) (?=[A-Z])/)[0]}</span></button></li>`)}</ul>` : nothing}
  </div>`;
}
