import type { Query, QueryClient } from '@tanstack/react-query';
import type { JobSummary } from '../api/types';
import { applyJobEvents } from './applyJobEvents';
import type { JobEvents, Live, LiveValue } from './jobEvents';
import { NO_EVENTS } from './jobEvents';
import { RecentEvents } from './RecentEvents';

const MOST_ROWS_ON_FIRST_PAGE = 300;

const recentByClient = new WeakMap<QueryClient, RecentEvents>();

function recentOf(client: QueryClient): RecentEvents {
  let recent = recentByClient.get(client);
  if (!recent) {
    recent = new RecentEvents();
    recentByClient.set(client, recent);
  }
  return recent;
}

/** Writes events to every cached value they concern. */
export function hear(client: QueryClient, heard: Partial<JobEvents>): void {
  const events = { ...NO_EVENTS, ...heard };
  recentOf(client).add(events);
  const moved = new Set<string>();
  for (const query of client.getQueryCache().getAll()) {
    const live = query.meta?.live;
    const before = query.state.data;
    if (!live || before === undefined) continue;
    const after = applyJobEvents(before, live, events);
    if (after === before) continue;
    // An event is no full answer, so the value keeps its age and is asked for again when that is due.
    client.setQueryData(query.queryKey, after, { updatedAt: query.state.dataUpdatedAt });
    if (live.shape === 'job' && hasMoved(before as JobSummary, after as JobSummary)) {
      moved.add(live.jobId);
    }
    if (live.shape === 'jobList' && isOvergrown(after as LiveValue['jobList'])) {
      void client.invalidateQueries({ queryKey: query.queryKey, exact: true });
    }
  }
  if (moved.size > 0) askAgainForJobs(client, moved);
}

/** A fetched value brought up to what was heard while it was on its way. */
export function caughtUp<S extends Live['shape']>(
  client: QueryClient,
  live: Extract<Live, { shape: S }>,
  value: LiveValue[S],
): LiveValue[S] {
  return applyJobEvents(value, live, recentOf(client).all());
}

/** After a gap: what is on screen is fetched again, what isn't is dropped. */
export function askAgain(client: QueryClient): void {
  client.removeQueries({ type: 'inactive', predicate: isLive });
  void client.invalidateQueries({ predicate: isLive });
}

/** The same for one job, whose room was only just joined. */
export function askAgainForJob(client: QueryClient, jobId: string): void {
  askAgainForJobs(client, new Set([jobId]));
}

function askAgainForJobs(client: QueryClient, jobIds: ReadonlySet<string>): void {
  const predicate = (query: Query) => {
    const live = query.meta?.live;
    return live !== undefined && live.shape !== 'jobList' && jobIds.has(live.jobId);
  };
  void client.invalidateQueries({ predicate });
}

function isLive(query: Query): boolean {
  return query.meta?.live !== undefined;
}

function hasMoved(before: JobSummary, after: JobSummary): boolean {
  return before.state !== after.state || before.attempt !== after.attempt;
}

function isOvergrown(list: LiveValue['jobList']): boolean {
  return (list.pages[0]?.items.length ?? 0) > MOST_ROWS_ON_FIRST_PAGE;
}
