import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const SOURCES = join(import.meta.dirname, '..');
const COLOUR = /#[0-9a-f]{3,8}\b|\brgba?\(|\bhsla?\(/i;

function sources(): string[] {
  const names = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' });
  return names.filter((name) => /\.tsx?$/.test(name) && !/\.test\.tsx?$|\.gen\.ts$/.test(name));
}

it('no colour is named outside of the theme', () => {
  const naming = sources().filter((name) => {
    const text = readFileSync(join(SOURCES, name), 'utf8');
    return name !== join('app', 'theme.ts') && COLOUR.test(text);
  });
  expect(naming).toEqual([]);
});
