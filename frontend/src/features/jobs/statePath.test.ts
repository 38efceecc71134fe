import { describe, expect, it } from 'vitest';
import { aJob } from '../../realtime/testJobs';
import { statePath } from './statePath';

const START = '2026-03-01T08:00:05.000Z';
const END = '2026-03-01T08:00:09.000Z';

const words = (job: ReturnType<typeof aJob>) =>
  statePath(job).map(({ state, standing }) => (standing === 'ahead' ? `(${state})` : state));

describe('the path of a job', () => {
  it.each([
    ['scheduled', aJob('a', 'scheduled'), 'submitted scheduled (queued) (running) (completed)'],
    ['queued', aJob('a', 'queued'), 'submitted queued (running) (completed)'],
    [
      'running',
      aJob('a', 'running', { started_at: START }),
      'submitted queued running (completed)',
    ],
    [
      'retrying',
      aJob('a', 'retrying', { started_at: START }),
      'submitted queued running retrying (queued) (running) (completed)',
    ],
    [
      'failed',
      aJob('a', 'failed', { started_at: START, finished_at: END }),
      'submitted queued running failed',
    ],
    [
      'cancelled before it ran',
      aJob('a', 'cancelled', { finished_at: END }),
      'submitted queued cancelled',
    ],
  ])('that is %s shows where it was and where it goes', (_, job, path) => {
    expect(words(job).join(' ')).toBe(path);
  });

  it('has one present step, the last that was reached', () => {
    const steps = statePath(aJob('a', 'running', { started_at: START }));
    expect(steps.filter((step) => step.standing === 'current')).toMatchObject([
      { state: 'running', at: START },
    ]);
  });
});
