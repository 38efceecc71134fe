/** The part of JSON Schema that a job type's payload uses, read once into what a form can draw. */

interface Common {
  title: string;
  description: string | undefined;
  required: boolean;
  preset: unknown;
}

export interface Option {
  value: string | number;
  title: string;
}

export interface TextNode extends Common {
  kind: 'text';
  long: boolean;
  secret: boolean;
  maxLength: number | undefined;
}
export interface NumberNode extends Common {
  kind: 'number';
  integer: boolean;
}
export interface FlagNode extends Common {
  kind: 'flag';
}
export interface ChoiceNode extends Common {
  kind: 'choice';
  options: Option[];
}
export interface FileNode extends Common {
  kind: 'file';
  accept: string[];
  maxBytes: number | undefined;
}
export interface ListNode extends Common {
  kind: 'list';
  item: FormNode;
  /** What one entry is called. */
  entry: string;
  min: number;
  max: number;
}
export interface GroupNode extends Common {
  kind: 'group';
  fields: { name: string; node: FormNode }[];
}
/** Whatever the form has no drawing for is written as JSON. */
export interface JsonNode extends Common {
  kind: 'json';
}

export type FormNode =
  TextNode | NumberNode | FlagNode | ChoiceNode | FileNode | ListNode | GroupNode | JsonNode;

type Json = Record<string, unknown>;

const LONG_TEXT = 200;

export function formNode(schema: unknown): GroupNode {
  const root = readNode('', asObject(schema), true);
  if (root.kind === 'group') return root;
  return { ...root, kind: 'group', fields: [] };
}

function readNode(name: string, schema: Json, required: boolean): FormNode {
  const common: Common = {
    title: textOf(schema.title) ?? wordsOf(name),
    description: textOf(schema.description),
    required,
    preset: schema.default,
  };
  if (Array.isArray(schema.enum)) {
    return { ...common, kind: 'choice', options: optionsOf(schema) };
  }
  switch (typeOf(schema)) {
    case 'string':
      return stringNode(common, schema);
    case 'integer':
    case 'number':
      return { ...common, kind: 'number', integer: typeOf(schema) === 'integer' };
    case 'boolean':
      return { ...common, kind: 'flag' };
    case 'array':
      return listNode(common, schema);
    case 'object':
      return groupNode(common, schema);
    default:
      return { ...common, kind: 'json' };
  }
}

function stringNode(common: Common, schema: Json): TextNode | FileNode {
  if (schema.format === 'file-id') {
    const accept = Array.isArray(schema['x-accept']) ? schema['x-accept'].filter(isText) : [];
    return { ...common, kind: 'file', accept, maxBytes: numberOf(schema['x-max-bytes']) };
  }
  const maxLength = numberOf(schema.maxLength);
  return {
    ...common,
    kind: 'text',
    long: maxLength !== undefined && maxLength > LONG_TEXT,
    secret: schema.format === 'password',
    maxLength,
  };
}

function listNode(common: Common, schema: Json): FormNode {
  const items = asObject(schema.items);
  const entry = textOf(items.title) ?? singular(common.title);
  return {
    ...common,
    kind: 'list',
    item: { ...readNode('', items, true), title: entry },
    entry,
    min: numberOf(schema.minItems) ?? 0,
    max: numberOf(schema.maxItems) ?? Infinity,
  };
}

function groupNode(common: Common, schema: Json): FormNode {
  const properties = asObject(schema.properties);
  if (Object.keys(properties).length === 0 && schema.additionalProperties !== false) {
    return { ...common, kind: 'json' };
  }
  const required = Array.isArray(schema.required) ? schema.required : [];
  const fields = orderedNames(schema, properties).map((name) => ({
    name,
    node: readNode(name, asObject(properties[name]), required.includes(name)),
  }));
  return { ...common, kind: 'group', fields };
}

function orderedNames(schema: Json, properties: Json): string[] {
  const names = Object.keys(properties);
  const order = Array.isArray(schema['x-order']) ? schema['x-order'].filter(isText) : [];
  const first = order.filter((name) => names.includes(name));
  return [...first, ...names.filter((name) => !first.includes(name))];
}

function optionsOf(schema: Json): Option[] {
  const titles = asObject(schema['x-enum-titles']);
  const values = (schema.enum as unknown[]).filter(
    (value): value is string | number => typeof value === 'string' || typeof value === 'number',
  );
  return values.map((value) => ({ value, title: textOf(titles[String(value)]) ?? String(value) }));
}

/** `["string", "null"]` is a string that may be left out. */
function typeOf(schema: Json): unknown {
  if (!Array.isArray(schema.type)) return schema.type;
  return schema.type.find((type) => type !== 'null');
}

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Json)
    : {};
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function textOf(value: unknown): string | undefined {
  return isText(value) && value !== '' ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function wordsOf(name: string): string {
  const words = name.replaceAll('_', ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function singular(title: string): string {
  if (/ies$/.test(title)) return title.replace(/ies$/, 'y');
  return /[^s]s$/.test(title) ? title.slice(0, -1) : title;
}
