import { describe, expect, it } from 'vitest';
import { applyJobEvents } from './applyJobEvents';
import type { JobEvents, LogPages } from './jobEvents';
import { NO_EVENTS } from './jobEvents';
import { aJob, aWholeJob, logLine, progress } from './testJobs';

describe('a whole job', () => {
  const job = { ...aWholeJob('a', 'running', { result: { kept: true } }), version: 4 };
  const live = { shape: 'job', jobId: 'a' } as const;

  it('moves on and keeps what only it has', () => {
    const events = { ...NO_EVENTS, jobs: [aJob('a', 'completed', { version: 5 })] };
    expect(applyJobEvents(job, live, events)).toMatchObject({
      state: 'completed',
      payload: { width: 64 },
      result: { kept: true },
      may_govern: true,
    });
  });

  it('is untouched by events of other jobs and by older ones', () => {
    const events: JobEvents = {
      jobs: [aJob('b', 'completed', { version: 9 }), aJob('a', 'queued', { version: 1 })],
      progress: [progress('b', 1, 1)],
      log: [logLine('a', 1, 1)],
    };
    expect(applyJobEvents(job, live, events)).toBe(job);
  });
});

describe('a log', () => {
  const live = { shape: 'jobLog', jobId: 'a' } as const;
  const log = (...seqs: number[]): LogPages => ({
    pages: [{ items: seqs.map((seq) => logLine('a', 1, seq)), next_cursor: null }],
    pageParams: [null],
  });
  const add = (list: LogPages, ...lines: ReturnType<typeof logLine>[]) =>
    applyJobEvents(list, live, { ...NO_EVENTS, log: lines });
  const seqs = (list: LogPages) => list.pages.flatMap((page) => page.items.map((line) => line.seq));

  it('grows by what is new, in order, without doubles', () => {
    const lines = [logLine('a', 1, 4), logLine('a', 1, 2), logLine('a', 1, 3), logLine('a', 1, 4)];
    expect(seqs(add(log(1, 2), ...lines))).toEqual([1, 2, 3, 4]);
  });

  it('is the same object when nothing is new', () => {
    const list = log(1, 2);
    expect(add(list, logLine('a', 1, 1), logLine('b', 1, 9))).toBe(list);
  });

  it('waits for its last page before it grows', () => {
    const list: LogPages = {
      pages: [{ items: [logLine('a', 1, 1)], next_cursor: 'c' }],
      pageParams: [null],
    };
    expect(add(list, logLine('a', 1, 60))).toBe(list);
  });

  it('starts anew with a new attempt, and hears nothing of earlier ones', () => {
    const anew = add(log(1, 2), logLine('a', 2, 1), logLine('a', 1, 3));
    expect(anew.pages.flatMap((page) => page.items)).toEqual([logLine('a', 2, 1)]);
    expect(add(anew, logLine('a', 1, 4))).toBe(anew);
  });
});
