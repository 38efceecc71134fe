import { expect, it } from 'vitest';
import { aJob } from '../../realtime/testJobs';
import { tryCount } from './tryCount';

it.each([
  ['queued', 1, 0, 1],
  ['running', 3, 0, 1],
  ['retrying', 2, 1, 2],
  ['completed', 2, 1, 2],
  ['failed', 1, 1, 1],
  ['failed', 7, 3, 3],
] as const)(
  'counts a %s job at attempt %i with %i failures as try %i',
  (state, attempt, failures, count) => {
    expect(tryCount(aJob('a', state, { attempt, failures, max_attempts: 3 }))).toBe(count);
  },
);
