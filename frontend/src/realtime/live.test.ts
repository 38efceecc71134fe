import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { describe, expect, it } from 'vitest';
import type { Job } from '../api/types';
import type { JobListPages, Live } from './jobEvents';
import { askAgain, caughtUp, hear } from './live';
import { aJob, aWholeJob } from './testJobs';

const LIST = { shape: 'jobList', filter: {} } as const satisfies Live;
const JOB = { shape: 'job', jobId: 'a' } as const satisfies Live;
const PART = { shape: 'jobPart', jobId: 'a' } as const satisfies Live;

function watched(client: QueryClient, key: string, live: Live, answer: () => unknown) {
  const asked: number[] = [];
  const observer = new QueryObserver(client, {
    queryKey: [key],
    meta: { live },
    queryFn: () => {
      asked.push(asked.length);
      return Promise.resolve(answer());
    },
  });
  const stop = observer.subscribe(() => undefined);
  return { asked, stop };
}

const settled = (client: QueryClient) => expect.poll(() => client.isFetching()).toBe(0);

describe('what is heard', () => {
  it('reaches every cached value that takes part, and no other', async () => {
    const client = new QueryClient();
    watched(client, 'list', LIST, () => ({
      pages: [{ items: [aJob('a', 'queued')], next_cursor: null }],
      pageParams: [null],
    }));
    watched(client, 'job', JOB, () => aWholeJob('a', 'queued'));
    client.setQueryData(['other'], { state: 'queued' });
    await settled(client);

    hear(client, { jobs: [aJob('a', 'queued', { version: 2, priority: 'high' })] });

    expect(client.getQueryData<JobListPages>(['list'])?.pages[0]?.items[0]?.priority).toBe('high');
    expect(client.getQueryData<Job>(['job'])?.priority).toBe('high');
    expect(client.getQueryData(['other'])).toEqual({ state: 'queued' });
  });

  it('asks again for a job and its parts when the job has moved to another state', async () => {
    const client = new QueryClient();
    const job = watched(client, 'job', JOB, () => aWholeJob('a', 'running'));
    const part = watched(client, 'part', PART, () => []);
    await settled(client);

    hear(client, { jobs: [aJob('a', 'completed', { version: 2 })] });
    await settled(client);

    expect(job.asked).toHaveLength(2);
    expect(part.asked).toHaveLength(2);
  });

  it('does not make a value younger than its last answer', async () => {
    const client = new QueryClient();
    watched(client, 'job', JOB, () => aWholeJob('a', 'running'));
    await settled(client);
    const before = client.getQueryState(['job'])?.dataUpdatedAt;

    hear(client, { jobs: [aJob('a', 'running', { version: 2 })] });

    expect(client.getQueryState(['job'])?.dataUpdatedAt).toBe(before);
  });

  it('is applied to an answer that was on its way meanwhile', () => {
    const client = new QueryClient();
    hear(client, { jobs: [aJob('a', 'completed', { version: 5 })] });
    expect(caughtUp(client, JOB, aWholeJob('a', 'running', { version: 4 })).state).toBe(
      'completed',
    );
    expect(caughtUp(client, JOB, aWholeJob('a', 'queued', { version: 6 })).state).toBe('queued');
  });
});

describe('after a gap', () => {
  it('what is on screen is asked for again, and what is not is dropped', async () => {
    const client = new QueryClient();
    const shown = watched(client, 'shown', JOB, () => aWholeJob('a', 'running'));
    const hidden = watched(client, 'hidden', LIST, () => ({ pages: [], pageParams: [] }));
    client.setQueryData(['other'], 1);
    await settled(client);
    hidden.stop();

    askAgain(client);
    await settled(client);

    expect(shown.asked).toHaveLength(2);
    expect(hidden.asked).toHaveLength(1);
    expect(client.getQueryData(['hidden'])).toBeUndefined();
    expect(client.getQueryData(['other'])).toBe(1);
  });
});
