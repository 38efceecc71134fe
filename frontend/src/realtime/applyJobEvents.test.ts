import { describe, expect, it } from 'vitest';
import type { JobFilter, JobSummary } from '../api/types';
import { applyJobEvents } from './applyJobEvents';
import type { JobEvents, JobListPages } from './jobEvents';
import { NO_EVENTS } from './jobEvents';
import { aJob, aWholeJob, progress } from './testJobs';

function pages(...each: JobSummary[][]): JobListPages {
  const last = each.length - 1;
  return {
    pages: each.map((items, index) => ({
      items,
      next_cursor: index === last ? null : `c${index}`,
    })),
    pageParams: each.map((_, index) => (index === 0 ? null : `c${index - 1}`)),
  };
}

function withMore(list: JobListPages): JobListPages {
  const last = list.pages.at(-1);
  return last
    ? { ...list, pages: [...list.pages.slice(0, -1), { ...last, next_cursor: 'more' }] }
    : list;
}

function hear(list: JobListPages, events: Partial<JobEvents>, filter: JobFilter = {}) {
  return applyJobEvents(list, { shape: 'jobList', filter }, { ...NO_EVENTS, ...events });
}

const ids = (list: JobListPages) => list.pages.map((page) => page.items.map((job) => job.id));
const first = (list: JobListPages) => list.pages[0]?.items[0];

describe('a job in a list', () => {
  const queued = aJob('a', 'queued', { version: 3 });

  it('moves on to a newer version', () => {
    const list = hear(pages([queued]), { jobs: [aJob('a', 'running', { version: 4 })] });
    expect(first(list)).toMatchObject({ state: 'running', version: 4 });
  });

  it.each([3, 2])('stays as it is when version %i comes after version 3', (version) => {
    const list = pages([queued]);
    expect(hear(list, { jobs: [aJob('a', 'running', { version })] })).toBe(list);
  });

  it('ends at the newest version whatever order the events come in', () => {
    const changes = [4, 5, 6].map((version) =>
      aJob('a', version === 6 ? 'completed' : 'running', { version }),
    );
    for (const order of permutations(changes)) {
      expect(first(hear(pages([queued]), { jobs: order }))).toMatchObject({ version: 6 });
      const oneByOne = order.reduce((list, job) => hear(list, { jobs: [job] }), pages([queued]));
      expect(first(oneByOne)).toMatchObject({ state: 'completed', version: 6 });
    }
  });

  it('is changed once by an event that comes twice', () => {
    const change = { jobs: [aJob('a', 'running', { version: 4 })] };
    const once = hear(pages([queued]), change);
    expect(hear(once, change)).toBe(once);
  });

  it('leaves the other rows and pages the same objects', () => {
    const list = pages(
      [queued, aJob('b', 'queued', { age: 1 })],
      [aJob('c', 'queued', { age: 2 })],
    );
    const after = hear(list, { jobs: [aJob('a', 'running', { version: 4 })] });
    expect(after.pages[0]?.items[1]).toBe(list.pages[0]?.items[1]);
    expect(after.pages[1]).toBe(list.pages[1]);
  });

  it('keeps the parts of a whole job out of its row', () => {
    const whole = { ...aWholeJob('a', 'running'), version: 4 };
    expect(first(hear(pages([queued]), { jobs: [whole] }))).not.toHaveProperty('payload');
    expect(first(hear(pages([]), { jobs: [whole] }))).not.toHaveProperty('payload');
  });
});

describe('progress', () => {
  const running = aJob('a', 'running', { version: 4, attempt: 2, progress: at(2, 10) });

  it('moves on by its place in the attempt', () => {
    const list = hear(pages([running]), { progress: [progress('a', 2, 11)] });
    expect(first(list)?.progress).toEqual(at(2, 11));
    expect(first(list)?.version).toBe(4);
  });

  it.each([
    ['the same place', 2, 10],
    ['an earlier place', 2, 9],
    ['an earlier attempt', 1, 99],
  ])('is dropped when it comes from %s', (_, attempt, seq) => {
    const list = pages([running]);
    expect(hear(list, { progress: [progress('a', attempt, seq)] })).toBe(list);
  });

  it('ends at the furthest place whatever order it comes in', () => {
    for (const order of permutations([11, 12, 13])) {
      const events = order.map((seq) => progress('a', 2, seq));
      expect(first(hear(pages([running]), { progress: events }))?.progress).toEqual(at(2, 13));
    }
  });

  it('is kept when a newer state carries an older one', () => {
    const change = aJob('a', 'running', { version: 5, attempt: 2, progress: at(2, 4) });
    expect(first(hear(pages([running]), { jobs: [change] }))).toMatchObject({
      version: 5,
      progress: at(2, 10),
    });
  });

  it('is taken from a state that is older but further on', () => {
    const change = aJob('a', 'running', { version: 3, attempt: 2, progress: at(2, 12) });
    expect(first(hear(pages([running]), { jobs: [change] }))).toMatchObject({
      version: 4,
      progress: at(2, 12),
    });
  });

  it('ends with its attempt', () => {
    const change = aJob('a', 'queued', { version: 5, attempt: 3 });
    const moved = hear(pages([running]), { jobs: [change] });
    expect(first(moved)?.progress).toBeNull();
    expect(hear(moved, { progress: [progress('a', 2, 50)] })).toBe(moved);
  });

  it('of an attempt that is not told yet is kept until it is', () => {
    const ahead = hear(pages([running]), { progress: [progress('a', 3, 1)] });
    const told = hear(ahead, { jobs: [aJob('a', 'running', { version: 6, attempt: 3 })] });
    expect(first(told)).toMatchObject({ attempt: 3, progress: at(3, 1) });
  });

  it('of a job that is not in the list changes nothing', () => {
    const list = pages([running]);
    expect(hear(list, { progress: [progress('b', 1, 1)] })).toBe(list);
  });
});

describe('a job that is new to a list', () => {
  const old = aJob('a', 'completed', { age: 10 });

  it('enters at the top of the first page', () => {
    expect(ids(hear(pages([old]), { jobs: [aJob('b', 'queued')] }))).toEqual([['b', 'a']]);
  });

  it('enters once though it is told twice, at its newest', () => {
    const jobs = [aJob('b', 'running', { version: 2 }), aJob('b', 'queued', { version: 1 })];
    const list = hear(pages([old]), { jobs });
    expect(ids(list)).toEqual([['b', 'a']]);
    expect(first(list)?.state).toBe('running');
    expect(hear(list, { jobs })).toBe(list);
  });

  it('brings along the progress that came with it', () => {
    const list = hear(pages([old]), {
      jobs: [aJob('b', 'running')],
      progress: [progress('b', 1, 7)],
    });
    expect(first(list)?.progress).toEqual(at(1, 7));
  });

  it('stands in the order of submission, whatever order it is told in', () => {
    const jobs = [
      aJob('c', 'queued', { age: 2 }),
      aJob('d', 'queued', { age: 1 }),
      aJob('b', 'queued', { age: 3 }),
    ];
    for (const order of permutations(jobs)) {
      expect(ids(hear(pages([old]), { jobs: order }))).toEqual([['d', 'c', 'b', 'a']]);
    }
  });

  it('stands by its id where two were submitted in the same moment', () => {
    const list = hear(pages([aJob('b1', 'queued')]), {
      jobs: [aJob('b2', 'queued'), aJob('b0', 'queued')],
    });
    expect(ids(list)).toEqual([['b2', 'b1', 'b0']]);
  });

  it('finds its place on a later page', () => {
    const list = pages([aJob('a', 'failed', { age: 1 })], [aJob('c', 'failed', { age: 5 })]);
    expect(ids(hear(list, { jobs: [aJob('b', 'failed', { age: 3 })] }))).toEqual([
      ['a'],
      ['b', 'c'],
    ]);
  });

  it('is left to be fetched where it lies below the last loaded row', () => {
    const list = withMore(pages([old]));
    expect(hear(list, { jobs: [aJob('b', 'failed', { age: 99 })] })).toBe(list);
  });

  it('comes to the end of a list that is fully loaded', () => {
    expect(ids(hear(pages([old]), { jobs: [aJob('b', 'failed', { age: 99 })] }))).toEqual([
      ['a', 'b'],
    ]);
  });

  it('enters an empty list', () => {
    expect(ids(hear(pages([]), { jobs: [aJob('b', 'queued')] }))).toEqual([['b']]);
  });

  it('never stands above the first row of a page that is not the first', () => {
    const later: JobListPages = {
      pages: [{ items: [old], next_cursor: null }],
      pageParams: ['c0'],
    };
    expect(hear(later, { jobs: [aJob('b', 'queued')] })).toBe(later);
  });
});

describe('a filtered list', () => {
  const filter: JobFilter = { state: ['queued', 'running'], priority: ['high'] };
  const held = aJob('a', 'queued', { priority: 'high' });

  it.each([
    ['another state', aJob('b', 'failed', { priority: 'high' })],
    ['another priority', aJob('b', 'queued')],
  ])('takes in no job of %s', (_, job) => {
    const list = pages([held]);
    expect(hear(list, { jobs: [job] }, filter)).toBe(list);
  });

  it('takes in a job that fits every part of the filter', () => {
    const job = aJob('b', 'running', { priority: 'high', age: -1 });
    expect(ids(hear(pages([held]), { jobs: [job] }, filter))).toEqual([['b', 'a']]);
  });

  it('lets go of a row that no longer fits', () => {
    const change = aJob('a', 'completed', { priority: 'high', version: 2 });
    expect(ids(hear(pages([held]), { jobs: [change] }, filter))).toEqual([[]]);
  });

  it('does not let go of a row for an old event', () => {
    const list = pages([{ ...held, version: 5 }]);
    const stale = aJob('a', 'completed', { priority: 'high', version: 4 });
    expect(hear(list, { jobs: [stale] }, filter)).toBe(list);
  });

  it('keeps a row that changes inside the filter', () => {
    const change = aJob('a', 'running', { priority: 'high', version: 2 });
    expect(first(hear(pages([held]), { jobs: [change] }, filter))?.state).toBe('running');
  });

  it('asks for the submitter, the type and the queue too', () => {
    const job = aJob('b', 'queued');
    for (const wanted of [{ submitter: ['jonas'] }, { type: ['sleep'] }, { queue: ['mail'] }]) {
      expect(ids(hear(pages([]), { jobs: [job] }, wanted))).toEqual([[]]);
    }
    const fitting = { submitter: ['ada'], type: ['image', 'sleep'], queue: ['images'] };
    expect(ids(hear(pages([]), { jobs: [job] }, fitting))).toEqual([['b']]);
  });
});

function at(attempt: number, seq: number) {
  return { attempt, seq, fraction: seq / 100, message: `Step ${seq}` };
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, index) =>
    permutations([...items.slice(0, index), ...items.slice(index + 1)]).map((rest) => [
      item,
      ...rest,
    ]),
  );
}
