import { describe, expect, it } from 'vitest';
import { ageText, durationText, lengthText } from './timeText';

describe('a length of time', () => {
  it.each([
    [-3, '0.0 s'],
    [0.44, '0.4 s'],
    [9.94, '9.9 s'],
    [9.96, '10 s'],
    [59.4, '59 s'],
    [59.6, '1 min 00 s'],
    [185, '3 min 05 s'],
    [3600, '1 h 00 min'],
    [3840, '1 h 04 min'],
    [86_400 * 2 + 3600 * 3, '2 d 3 h'],
  ])('of %d seconds reads "%s"', (seconds, text) => {
    expect(durationText(seconds)).toBe(text);
  });

  it.each([
    [5, '5 s'],
    [600, '10 min'],
    [630, '10 min 30 s'],
    [3600, '1 h'],
    [86_400, '1 d'],
  ])('that stands still, of %d seconds, reads "%s"', (seconds, text) => {
    expect(lengthText(seconds)).toBe(text);
  });
});

describe('an age', () => {
  it.each([
    [-5, 'now'],
    [0.9, 'now'],
    [12.7, '12 s'],
    [119, '1 min'],
    [7300, '2 h'],
    [86_400 * 4, '4 d'],
  ])('of %d seconds reads "%s"', (seconds, text) => {
    expect(ageText(seconds)).toBe(text);
  });
});
