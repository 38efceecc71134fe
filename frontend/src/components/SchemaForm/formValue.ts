import type { FormNode, GroupNode } from './formNode';

/** What stands in the form. Numbers are kept as they are typed, so that nothing is lost on the way. */
export type FormValue = string | boolean | FormEntry[] | FormGroup;

/** An entry keeps its key when one before it is removed. */
export interface FormEntry {
  key: number;
  value: FormValue;
}

export interface FormGroup {
  [name: string]: FormValue;
}

let lastKey = 0;

export function newEntry(item: FormNode): FormEntry {
  lastKey += 1;
  return { key: lastKey, value: valueFrom(item, item.preset) };
}

/** The form's value for a payload, or for as much of one as is given. */
export function valueFrom(node: FormNode, given: unknown): FormValue {
  switch (node.kind) {
    case 'group':
      return groupFrom(node, given);
    case 'list': {
      const entries = Array.isArray(given) ? given : [];
      const values = entries.map((item) => ({
        ...newEntry(node.item),
        value: valueFrom(node.item, item),
      }));
      while (values.length < node.min) values.push(newEntry(node.item));
      return values;
    }
    case 'flag':
      return given === true;
    case 'json':
      return given === undefined ? '' : JSON.stringify(given, null, 2);
    case 'file':
      // A file of an example doesn't exist; the form starts without.
      return '';
    case 'choice':
      return choiceFrom(
        node.options.map((option) => option.value),
        given,
        node.required,
      );
    default:
      return typeof given === 'string' || typeof given === 'number' ? String(given) : '';
  }
}

export function groupFrom(node: GroupNode, given: unknown): FormGroup {
  const parts = (typeof given === 'object' && given !== null ? given : {}) as Record<
    string,
    unknown
  >;
  return Object.fromEntries(
    node.fields.map(({ name, node: field }) => [
      name,
      valueFrom(field, name in parts ? parts[name] : field.preset),
    ]),
  );
}

/** The example's values, beside the files that were already chosen: an example brings none. */
export function withExample(node: GroupNode, example: unknown, held: FormGroup): FormGroup {
  const files = node.fields.filter(({ node: field }) => field.kind === 'file');
  const kept = files.map(({ name }) => [name, held[name] ?? ''] as const);
  return { ...groupFrom(node, example), ...Object.fromEntries(kept) };
}

function choiceFrom(
  values: readonly (string | number)[],
  given: unknown,
  required: boolean,
): string {
  const known = values.find((value) => value === given);
  return String(known ?? (required ? (values[0] ?? '') : ''));
}

/** The payload to send. What was left empty is left out, so that the server's own defaults hold. */
export function payloadFrom(node: GroupNode, value: FormGroup): Record<string, unknown> {
  const entries = node.fields.flatMap(({ name, node: field }) => {
    const part = partFrom(field, value[name] ?? '');
    return part === undefined ? [] : [[name, part] as const];
  });
  return Object.fromEntries(entries);
}

function partFrom(node: FormNode, value: FormValue): unknown {
  switch (node.kind) {
    case 'group': {
      const part = payloadFrom(node, value as FormGroup);
      return Object.keys(part).length > 0 || node.required ? part : undefined;
    }
    case 'list': {
      const part = (value as FormEntry[]).map((entry) => partFrom(node.item, entry.value) ?? null);
      return part.length > 0 || node.required || node.preset !== undefined ? part : undefined;
    }
    case 'flag':
      return value;
    case 'number':
      return numberFrom(value as string);
    case 'choice':
      return node.options.find((option) => String(option.value) === value)?.value;
    case 'json':
      return jsonFrom(value as string);
    default:
      return value === '' ? undefined : value;
  }
}

/** What is no number goes as it is: the server says what is wrong with it. */
function numberFrom(text: string): number | string | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  const number = Number(trimmed);
  return Number.isFinite(number) ? number : trimmed;
}

function jsonFrom(text: string): unknown {
  if (text.trim() === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Every path at which the form can show an error beside what it belongs to. */
export function placesOf(node: FormNode, value: FormValue, path = ''): string[] {
  const below = (name: string | number) => (path === '' ? String(name) : `${path}.${name}`);
  switch (node.kind) {
    case 'group':
      return [
        path,
        ...node.fields.flatMap(({ name, node: field }) =>
          placesOf(field, (value as FormGroup)[name] ?? '', below(name)),
        ),
      ];
    case 'list':
      return [
        path,
        ...(value as FormEntry[]).flatMap((entry, index) =>
          placesOf(node.item, entry.value, below(index)),
        ),
      ];
    default:
      return [path];
  }
}
