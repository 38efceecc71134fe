import {
  infiniteQueryOptions,
  mutationOptions,
  queryOptions,
  type QueryClient,
} from '@tanstack/react-query';
import { answered, client } from '../../api/client';
import { fileContent } from '../../api/files';
import type { Job, JobFilter, JobSummary, JobSummaryList, LogLineList } from '../../api/types';
import { FINISHED } from '../../api/types';
import type { Live } from '../../realtime/jobEvents';
import { caughtUp, hear } from '../../realtime/live';

const PAGE_SIZE = 50;
const LOG_PAGE_SIZE = 100;
/** Unfinished jobs on screen are asked for again, whatever the live connection says of itself. */
const DOUBT_AFTER_MS = 30_000;

export const jobKeys = {
  all: ['jobs'] as const,
  list: (filter: JobFilter) => ['jobs', 'list', filter] as const,
  job: (jobId: string) => ['jobs', 'job', jobId] as const,
  attempts: (jobId: string) => ['jobs', 'job', jobId, 'attempts'] as const,
  artifacts: (jobId: string) => ['jobs', 'job', jobId, 'artifacts'] as const,
  log: (jobId: string) => ['jobs', 'job', jobId, 'log'] as const,
  content: (fileId: string) => ['jobs', 'content', fileId] as const,
};

const doubt = (jobs: readonly JobSummary[]) =>
  jobs.some((job) => !FINISHED.has(job.state)) ? DOUBT_AFTER_MS : false;

export function jobListQuery(filter: JobFilter) {
  const live = { shape: 'jobList', filter } as const satisfies Live;
  return infiniteQueryOptions({
    queryKey: jobKeys.list(filter),
    meta: { live },
    initialPageParam: null as string | null,
    queryFn: async ({ client: queries, pageParam, signal }): Promise<JobSummaryList> => {
      const query = { ...filter, limit: PAGE_SIZE, ...(pageParam && { cursor: pageParam }) };
      const page = await answered(client.GET('/api/v1/jobs', { params: { query }, signal }));
      const pages = caughtUp(queries, live, { pages: [page], pageParams: [pageParam] });
      return pages.pages[0] ?? page;
    },
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: (query) => doubt(query.state.data?.pages.flatMap((page) => page.items) ?? []),
  });
}

export function jobQuery(jobId: string) {
  const live = { shape: 'job', jobId } as const satisfies Live;
  return queryOptions({
    queryKey: jobKeys.job(jobId),
    meta: { live },
    queryFn: async ({ client: queries, signal }): Promise<Job> => {
      const params = { path: { job_id: jobId } };
      const job = await answered(client.GET('/api/v1/jobs/{job_id}', { params, signal }));
      return caughtUp(queries, live, job);
    },
    refetchInterval: (query) => doubt(query.state.data ? [query.state.data] : []),
  });
}

export function attemptsQuery(jobId: string) {
  return queryOptions({
    queryKey: jobKeys.attempts(jobId),
    meta: { live: { shape: 'jobPart', jobId } },
    queryFn: ({ signal }) => {
      const params = { path: { job_id: jobId } };
      return answered(client.GET('/api/v1/jobs/{job_id}/attempts', { params, signal }));
    },
    select: (list) => list.items,
  });
}

export function artifactsQuery(jobId: string) {
  return queryOptions({
    queryKey: jobKeys.artifacts(jobId),
    meta: { live: { shape: 'jobPart', jobId } },
    queryFn: ({ signal }) => {
      const params = { path: { job_id: jobId } };
      return answered(client.GET('/api/v1/jobs/{job_id}/artifacts', { params, signal }));
    },
    select: (list) => list.items,
  });
}

export function logQuery(jobId: string) {
  const live = { shape: 'jobLog', jobId } as const satisfies Live;
  return infiniteQueryOptions({
    queryKey: jobKeys.log(jobId),
    meta: { live },
    initialPageParam: null as string | null,
    queryFn: async ({ client: queries, pageParam, signal }): Promise<LogLineList> => {
      const params = {
        path: { job_id: jobId },
        query: { limit: LOG_PAGE_SIZE, ...(pageParam && { cursor: pageParam }) },
      };
      const page = await answered(client.GET('/api/v1/jobs/{job_id}/logs', { params, signal }));
      const pages = caughtUp(queries, live, { pages: [page], pageParams: [pageParam] });
      return pages.pages[0] ?? page;
    },
    getNextPageParam: (page) => page.next_cursor,
  });
}

/** An artifact's bytes never change; they are let go a minute after they left the screen. */
export function contentQuery(fileId: string) {
  return queryOptions({
    queryKey: jobKeys.content(fileId),
    queryFn: ({ signal }) => fileContent(fileId, signal),
    staleTime: Infinity,
    gcTime: 60_000,
  });
}

type Verb = 'cancel' | 'requeue';

export function jobAction(queries: QueryClient, jobId: string) {
  return mutationOptions({
    mutationFn: (verb: Verb) => {
      const params = { path: { job_id: jobId } };
      return verb === 'cancel'
        ? answered(client.POST('/api/v1/jobs/{job_id}/cancel', { params }))
        : answered(client.POST('/api/v1/jobs/{job_id}/requeue', { params }));
    },
    // The answer is a change like any other, so it takes the same way into the cache.
    onSuccess: (job: Job) => {
      hear(queries, { jobs: [job] });
    },
  });
}
