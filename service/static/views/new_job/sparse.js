/** Requests without what is the default anyway. */
import { fieldOf, fieldsOf } from './schema.js';
import { isContainer, isSame } from './pointers.js';

/** A resolved spec as a request: what equals a default of the schema is left out. */
export const sparseJob = (spec, document) => (
  sparseMembers(spec, fieldsOf({ $ref: '#/components/schemas/JobRequest' }, document)));

/** A resolved layer as a request. @param {import('./schema.js').Field} list field of the layers */
export function sparseLayer(layer, list) {
  const variant = list.variants.find((one) => one.name === layer.type);
  return variant ? { type: layer.type, ...sparseMembers(layer, variant.fields) } : layer;
}

/** Field of a network's layers. */
export const layersField = (document) => (
  fieldsOf({ $ref: '#/components/schemas/NetworkSpec' }, document).find((field) => field.name === 'layers')
    ?? fieldOf('layers', {}, document));

function sparseMembers(value, fields) {
  const kept = fields.flatMap((field) => {
    const member = value[field.name];
    if (member === undefined || isDefault(member, field)) return [];
    return [[field.name, sparseValue(member, field)]];
  });
  return Object.fromEntries(kept);
}

const isDefault = (value, { defaultValue, isNullable }) => (
  isSame(value, defaultValue) || (value === null && isNullable && defaultValue === undefined));

function sparseValue(value, field) {
  if (field.kind === 'layers' && Array.isArray(value)) return value.map((one) => sparseLayer(one, field));
  if (!isContainer(value) || Array.isArray(value)) return value;
  if (field.kind === 'map') return Object.fromEntries(Object.entries(value).map(([name, member]) => (
    [name, sparseMembers(member, field.variants[0].fields)])));
  if (field.kind === 'record') return sparseMembers(value, field.variants[0].fields);
  if (field.kind !== 'typed') return value;
  const variant = field.variants.find((one) => one.name === value.type);
  const members = variant ? sparseMembers(value, variant.fields) : value;
  return Object.keys(members).length ? { type: value.type, ...members } : value.type;
}
