import { describe, expect, it } from 'vitest';
import { JOB_STATES } from '../api/types';
import { DARK, LIGHT } from './theme';

const READABLE = 4.5;
const VISIBLE = 3;

describe.each([
  ['light', LIGHT],
  ['dark', DARK],
])('in the %s theme', (_, palette) => {
  const grounds = [
    palette.background.default,
    palette.background.paper,
    palette.sunken,
    palette.hover,
  ];

  it.each(JOB_STATES)('the word "%s" can be read on its chip and on every ground', (state) => {
    const { main, soft } = palette.state[state];
    for (const ground of [soft, ...grounds]) {
      expect(contrast(main, ground), `${main} on ${ground}`).toBeGreaterThanOrEqual(READABLE);
    }
  });

  it('words can be read on every ground, quiet ones and links too', () => {
    for (const word of [palette.text.primary, palette.text.secondary, palette.primary.main]) {
      for (const ground of [...grounds, palette.accentSoft]) {
        expect(contrast(word, ground), `${word} on ${ground}`).toBeGreaterThanOrEqual(READABLE);
      }
    }
  });

  it('the words of a filled button can be read', () => {
    const { contrastText, main, dark } = palette.primary;
    expect(contrast(contrastText, main)).toBeGreaterThanOrEqual(READABLE);
    expect(contrast(contrastText, dark)).toBeGreaterThanOrEqual(READABLE);
  });

  it('the edge of an input can be seen', () => {
    expect(contrast(palette.lineStrong, palette.background.paper)).toBeGreaterThanOrEqual(VISIBLE);
  });
});

it('no two states share a colour', () => {
  for (const palette of [LIGHT, DARK]) {
    const colours = JOB_STATES.map((state) => palette.state[state].main);
    expect(new Set(colours).size).toBe(JOB_STATES.length);
  }
});

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
