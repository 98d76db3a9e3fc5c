/** Penalties and bounds of the weights of all layers at once. */
import { html } from '../../core/dom.js';
import { simpleField } from './fields.js';
import { LAYERS } from './layer_list.js';
import { isContainer, isSame } from './pointers.js';
import { fieldsOf } from './schema.js';
import { layersField } from './sparse.js';

const NAMES = ['l1', 'l2', 'max_norm'];

/** The group: a value is set for every layer that has such a field. */
export function regularizationGroup(form) {
  const fields = fieldsOf({ $ref: '#/components/schemas/OutputSpec' }, form.document).filter(({ name }) => NAMES.includes(name));
  const all = fields.map((field) => ({ field, ...common(form, field.name) }));
  const says = all.filter(({ value, differs }) => differs || value !== undefined)
    .map(({ field, value, differs }) => `${field.label} ${differs ? 'by layer' : value}`);
  return html`<details class="group"><summary><span class="h3">Regularization</span>
    <span class="small faint">${says.length ? says.join(' · ') : 'default'}</span></summary>
    <p class="small muted">For every layer that has weights, and for the output; each layer has its own under More.</p>
    <div class="fields">${all.map((one) => commonField(form, one))}</div></details>`;
}

function commonField(form, { field, paths, value, differs }) {
  const own = {
    ...form,
    lists: {},
    valueAt: () => (differs ? undefined : value),
    resolvedAt: () => (differs ? 'differs' : undefined),
    errorsAt: () => [],
    set: (_, next) => form.setAll(paths, next),
  };
  return simpleField(own, ['every layer', field.name], field);
}

/** Value of a field in all layers that have it, and whether they differ. */
function common(form, name) {
  const paths = [...pathsWith(form, LAYERS, name), ['network', 'output', name]];
  const values = paths.map((path) => form.valueAt(path));
  return { paths, value: values[0], differs: values.some((value) => !isSame(value, values[0])) };
}

function pathsWith(form, list, name) {
  const { variants } = layersField(form.document);
  return (form.valueAt(list) ?? []).flatMap((layer, index) => {
    const path = [...list, String(index)];
    const fields = variants.find((one) => one.name === layer?.type)?.fields ?? [];
    const own = fields.some((field) => field.name === name) ? [[...path, name]] : [];
    return isContainer(layer) && Array.isArray(layer.layers) ? [...own, ...pathsWith(form, [...path, 'layers'], name)] : own;
  });
}
