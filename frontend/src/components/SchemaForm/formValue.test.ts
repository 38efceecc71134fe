import { describe, expect, it } from 'vitest';
import { formNode } from './formNode';
import type { FormEntry } from './formValue';
import { groupFrom, payloadFrom, placesOf, withExample } from './formValue';
import { PICTURE_SCHEMA } from './testSchema';

const node = formNode(PICTURE_SCHEMA);
const fresh = () => groupFrom(node, undefined);

describe('a schema', () => {
  it('becomes fields in the order it asks for', () => {
    expect(node.fields.map(({ name }) => name)).toEqual(PICTURE_SCHEMA['x-order']);
  });

  it('becomes one kind of field each', () => {
    const kinds = Object.fromEntries(node.fields.map(({ name, node: { kind } }) => [name, kind]));
    expect(kinds).toEqual({
      file_id: 'file',
      sizes: 'list',
      format: 'choice',
      quality: 'number',
      strip: 'flag',
      words: 'list',
      contact: 'group',
      extra: 'json',
    });
  });

  it('lends its words: titles, labels of choices, the name of one entry', () => {
    const [, sizes, format] = node.fields.map((field) => field.node);
    expect(sizes).toMatchObject({
      entry: 'Size',
      item: { fields: [{ node: { title: 'Width' } }, { node: { title: 'Max side' } }] },
    });
    expect(format).toMatchObject({
      options: [
        { value: 'same', title: 'Same as before' },
        { value: 'webp', title: 'webp' },
      ],
    });
  });

  it('that makes no sense draws an empty form', () => {
    for (const nonsense of [null, 'text', { type: 'string' }, []]) {
      expect(formNode(nonsense).fields).toEqual([]);
    }
  });
});

describe('a payload', () => {
  it('starts from the defaults and leaves out what was left empty', () => {
    expect(payloadFrom(node, fresh())).toEqual({
      sizes: [{ width: 1600 }],
      format: 'same',
      quality: 82,
      strip: true,
      contact: {},
    });
  });

  it('gives numbers as numbers, and what is none as it was typed', () => {
    expect(payloadFrom(node, { ...fresh(), quality: ' 90 ' })).toMatchObject({ quality: 90 });
    expect(payloadFrom(node, { ...fresh(), quality: 'best' })).toMatchObject({ quality: 'best' });
    expect(payloadFrom(node, { ...fresh(), quality: '' })).not.toHaveProperty('quality');
  });

  it('says so when the entries of a list that has a default were all removed', () => {
    expect(payloadFrom(node, { ...fresh(), sizes: [] })).toMatchObject({ sizes: [] });
  });

  it('is the same after the way through the form', () => {
    const payload = {
      sizes: [{ width: 64 }, { width: 32, max_side: 1.5 }],
      format: 'webp',
      quality: 1,
      strip: false,
      words: ['one', 'two'],
      contact: { name: 'Ada', note: 'Soon' },
      extra: { any: [1, null] },
    };
    expect(payloadFrom(node, groupFrom(node, payload))).toEqual(payload);
  });
});

describe('the example', () => {
  it('fills the form and keeps the file that was chosen', () => {
    const example = { file_id: 'of-nobody', format: 'webp' };
    const filled = withExample(node, example, { ...fresh(), file_id: 'mine' });
    expect(payloadFrom(node, filled)).toMatchObject({ file_id: 'mine', format: 'webp' });
  });
});

describe('the places of errors', () => {
  it('are every field, entry and group by its dotted path', () => {
    const value = groupFrom(node, { sizes: [{}, {}], words: ['one'] });
    expect(placesOf(node, value)).toEqual(
      expect.arrayContaining([
        'file_id',
        'sizes',
        'sizes.0',
        'sizes.1.width',
        'words.0',
        'contact',
        'contact.name',
      ]),
    );
    expect(placesOf(node, value)).not.toContain('sizes.2');
  });
});

it('an entry keeps its key when one before it is removed', () => {
  const value = groupFrom(node, { sizes: [{}, {}, {}] });
  const entries = value.sizes as FormEntry[];
  expect(new Set(entries.map((entry) => entry.key)).size).toBe(3);
});
