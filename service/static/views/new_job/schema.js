/** Fields of a form, read from the JSON schema of the API. */

/**
 * @typedef {object} Field
 * @property {string} name of the member
 * @property {'choice'|'flag'|'scalar'|'set'|'typed'|'record'|'variants'|'map'|'layers'|'json'} kind
 * @property {string} label
 * @property {string} description with the range
 * @property {any} defaultValue undefined if the schema has none
 * @property {boolean} isNullable
 * @property {boolean} isRequired
 * @property {string[]} words texts that it may be, and the types of objects that it may be
 * @property {string[]} names those of the words that need no object
 * @property {{number: boolean, list: boolean, text: boolean}} allows values of a scalar
 * @property {{name: string, label: string, description: string, fields: Field[]}[]} variants
 *   objects that it may be; `name` is the value of their `type`, if they have one
 */

/** Schema that a reference names, or the schema itself. */
export function resolve(schema, document) {
  if (!schema?.$ref) return schema ?? {};
  const path = schema.$ref.replace(/^#\//, '').split('/');
  return path.reduce((part, name) => part?.[name], document) ?? {};
}

/** Text for people from a name of the API: `max_pooling2d` → Max pooling 2D. */
export function labelOf(name) {
  const words = name.replaceAll('_', ' ').replace(/([a-z])2d\b/, '$1 2D');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

const fieldsOfSchema = new WeakMap();

/** Fields of an object's schema. @returns {Field[]} */
export function fieldsOf(schema, document) {
  const object = resolve(schema, document);
  if (!fieldsOfSchema.has(object)) {
    const required = new Set(object.required ?? []);
    fieldsOfSchema.set(object, Object.entries(object.properties ?? {})
      .filter(([, member]) => member.const === undefined)
      .map(([name, member]) => fieldOf(name, member, document, required.has(name))));
  }
  return fieldsOfSchema.get(object);
}

/** Field of a member. @returns {Field} */
export function fieldOf(name, schema, document, isRequired = false) {
  const all = alternatives(schema, document);
  const shapes = all.filter((one) => one.type !== 'null');
  const described = resolve(schema, document);
  return {
    name,
    kind: kindOf(shapes, document),
    label: labelOf(name),
    description: [schema.description ?? ownDescription(shapes), rangeOf(shapes)].filter(Boolean).join(' '),
    defaultValue: schema.default ?? described.default,
    isNullable: all.length > shapes.length,
    isRequired,
    words: wordsOf(shapes, document),
    names: shapes.filter(isWord).flatMap((one) => one.enum ?? [one.const]),
    allows: {
      number: shapes.some(isNumber),
      list: shapes.some((one) => one.type === 'array'),
      text: shapes.some(isPlainText),
    },
    get variants() { return variantsOnce(shapes, document); },
  };
}

const found = new WeakMap();

/** Variants lead to fields and these to variants again: they are read when they are needed. */
function variantsOnce(shapes, document) {
  if (!found.has(shapes)) found.set(shapes, variantsOf(shapes, document));
  return found.get(shapes);
}

/** Alternatives of a schema, without nested choices and references. */
function alternatives(schema, document) {
  const resolved = resolve(schema, document);
  const choices = resolved.anyOf ?? resolved.oneOf;
  return choices ? choices.flatMap((one) => alternatives(one, document)) : [resolved];
}

function kindOf(shapes, document) {
  const records = shapes.filter(isRecord);
  if (records.length) return kindOfRecords(shapes, records);
  if (shapes.some((one) => one.type === 'object')) return mapKind(shapes, document);
  const lists = shapes.filter((one) => one.type === 'array');
  if (lists.some((one) => itemWords(one, document).length)) return 'set';
  if (lists.some((one) => alternatives(one.items, document).some(isRecord))) return 'layers';
  if (lists.some((one) => !alternatives(one.items, document).every(isNumber))) return 'json';
  if (shapes.every((one) => one.type === 'boolean')) return 'flag';
  return shapes.every(isWord) ? 'choice' : 'scalar';
}

function kindOfRecords(shapes, records) {
  if (records.every((one) => typeof typeName(one) === 'string')) return 'typed';
  if (records.length < shapes.length) return 'json';
  return records.length === 1 ? 'record' : 'variants';
}

function mapKind(shapes, document) {
  const [shape] = shapes;
  const isOfRecords = shapes.length === 1 && isRecord(resolve(shape.additionalProperties, document));
  return isOfRecords ? 'map' : 'json';
}

function variantsOf(shapes, document) {
  const [map] = shapes.filter((one) => one.type === 'object' && !one.properties);
  if (map) return [variantOf(resolve(map.additionalProperties, document), document, '')];
  const list = shapes.find((one) => one.type === 'array');
  const records = (list ? alternatives(list.items, document) : shapes).filter(isRecord);
  const suffix = commonLastWord(records.map((one) => one.title ?? ''));
  return records.map((one) => variantOf(one, document, suffix));
}

const variantOf = (shape, document, suffix) => ({
  name: typeName(shape),
  label: labelOf(typeName(shape) ?? wordsOfTitle(shape.title, suffix)),
  description: shape.description ?? '',
  get fields() { return fieldsOf(shape, document); },
});

const typeName = (shape) => shape.properties?.type?.const;
const isRecord = (shape) => shape.type === 'object' && shape.properties !== undefined;
const isNumber = (shape) => shape.type === 'integer' || shape.type === 'number';
const isWord = (shape) => shape.type === 'string' && (shape.enum ?? shape.const) !== undefined;
const isPlainText = (shape) => shape.type === 'string' && !isWord(shape);
const itemWords = (list, document) => (
  alternatives(list.items ?? {}, document).filter(isWord).flatMap((one) => one.enum ?? [one.const]));

const wordsOf = (shapes, document) => [...new Set(shapes.flatMap((one) => (
  isWord(one) ? one.enum ?? [one.const]
    : one.type === 'array' ? itemWords(one, document) : typeName(one) ?? [])))];

const ownDescription = (shapes) => (shapes.length === 1 && isRecord(shapes[0]) ? shapes[0].description : '');

function commonLastWord(titles) {
  const [last] = titles.map((title) => title.match(/[A-Z][^A-Z]*$/)?.[0] ?? '');
  return titles.length > 1 && titles.every((title) => title.endsWith(last)) ? last : '';
}

const wordsOfTitle = (title = '', suffix = '') => (
  title.slice(0, title.length - suffix.length).replace(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase());

const LIMITS = [['minimum', '≥'], ['exclusiveMinimum', '>'], ['maximum', '≤'], ['exclusiveMaximum', '<']];

/** Range of numbers, such as `≥ 1, ≤ 65,536.` */
function rangeOf(shapes) {
  const numbers = shapes.map((one) => (one.type === 'array' ? one.items ?? {} : one)).filter(isNumber);
  if (!numbers.length) return '';
  const parts = LIMITS.filter(([name]) => numbers[0][name] !== undefined)
    .map(([name, sign]) => `${sign} ${numbers[0][name].toLocaleString('en-US', { maximumFractionDigits: 9 })}`);
  return parts.length ? `${parts.join(', ')}.` : '';
}
