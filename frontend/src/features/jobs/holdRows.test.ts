import { describe, expect, it } from 'vitest';
import { aJob } from '../../realtime/testJobs';
import { holdRows } from './holdRows';

const [a, b, c] = ['a', 'b', 'c'].map((id) => aJob(id, 'queued')) as [
  ReturnType<typeof aJob>,
  ReturnType<typeof aJob>,
  ReturnType<typeof aJob>,
];
const fresh = aJob('new', 'queued');
const ids = (held: ReturnType<typeof holdRows>) => held.rows.map(({ job }) => job.id);

describe('a held list', () => {
  it('that is not held shows what there is', () => {
    expect(holdRows(null, [a, b])).toMatchObject({ waiting: 0 });
    expect(ids(holdRows(null, [fresh, a]))).toEqual(['new', 'a']);
  });

  it('keeps new rows waiting above', () => {
    const held = holdRows([a, b], [fresh, a, b]);
    expect(ids(held)).toEqual(['a', 'b']);
    expect(held.waiting).toBe(1);
  });

  it('tells what is known now in the old places', () => {
    const moved = aJob('b', 'running');
    expect(holdRows([a, b], [moved, a]).rows[1]?.job).toBe(moved);
  });

  it('keeps a row that left, as it was, marked', () => {
    expect(holdRows([a, b], [a]).rows).toEqual([
      { job: a, leaving: false },
      { job: b, leaving: true },
    ]);
  });

  it('takes in older pages below', () => {
    const held = holdRows([a, b], [fresh, a, b, c]);
    expect(ids(held)).toEqual(['a', 'b', 'c']);
    expect(held.waiting).toBe(1);
  });

  it('counts all as waiting when everything it held has left', () => {
    expect(holdRows([a], [fresh, b])).toMatchObject({ waiting: 2 });
  });
});
