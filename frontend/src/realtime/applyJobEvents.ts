import type { JobFilter, JobSummary, LogLine, Progress, ProgressEvent } from '../api/types';
import type { JobEvents, JobListPages, Live, LiveValue, LogPages } from './jobEvents';

/**
 * The one place where live events meet cached values: (value, events) → value.
 *
 * States are ordered by the row's `version`, progress by (attempt, seq); what is older changes nothing, so that
 * events may be repeated, reordered, or applied again to an answer that was on its way. An unchanged value
 * is returned as it is.
 */
export function applyJobEvents<S extends Live['shape']>(
  value: LiveValue[S],
  live: Extract<Live, { shape: S }>,
  events: JobEvents,
): LiveValue[S];
export function applyJobEvents(value: unknown, live: Live, events: JobEvents): unknown {
  switch (live.shape) {
    case 'jobList':
      return applyToList(value as JobListPages, live.filter, events);
    case 'job':
      return applyToJob(value as LiveValue['job'], events);
    case 'jobLog':
      return applyToLog(value as LogPages, live.jobId, events.log);
    case 'jobPart':
      return value;
  }
}

function applyToJob<J extends JobSummary>(job: J, events: JobEvents): J {
  let current = job;
  for (const change of events.jobs) {
    if (change.id === job.id) current = newer(current, change);
  }
  for (const event of events.progress) {
    if (event.job_id === job.id) current = withProgress(current, progressOf(event));
  }
  return current;
}

/** `row` moved on to what `change` says, unless it knows better. What only a whole job has is kept. */
function newer<J extends JobSummary>(row: J, change: JobSummary): J {
  if (change.version <= row.version) return withProgress(row, change.progress);
  const moved = { ...row, ...onlySummary(change) };
  return withProgress(moved, row.progress);
}

const WHOLE_JOB_ONLY = new Set(['payload', 'result', 'time_limit_seconds', 'may_govern']);

// A whole job may arrive as a change (the answer to an action); its summary part alone concerns a list.
function onlySummary(change: JobSummary): JobSummary {
  const entries = Object.entries(change).filter(([name]) => !WHOLE_JOB_ONLY.has(name));
  return Object.fromEntries(entries) as unknown as JobSummary;
}

function withProgress<J extends JobSummary>(row: J, progress: JobSummary['progress']): J {
  if (!progress || progress.attempt < row.attempt) return row;
  if (row.progress && !isLater(progress, row.progress)) return row;
  return { ...row, progress };
}

function isLater(one: Position, other: Position): boolean {
  return comparePositions(one, other) > 0;
}

interface Position {
  attempt: number;
  seq: number;
}

function comparePositions(one: Position, other: Position): number {
  return one.attempt - other.attempt || one.seq - other.seq;
}

function progressOf({ attempt, seq, fraction, message }: ProgressEvent): Progress {
  return { attempt, seq, fraction, message };
}

function applyToList(pages: JobListPages, filter: JobFilter, events: JobEvents): JobListPages {
  const held = new Set(pages.pages.flatMap((page) => page.items.map((job) => job.id)));
  const known: JobEvents = { ...events, jobs: events.jobs.filter((job) => held.has(job.id)) };
  let list = updateRows(pages, filter, known);
  for (const job of newestOfEach(events.jobs)) {
    if (held.has(job.id) || !fits(job, filter)) continue;
    list = insert(list, applyToJob(onlySummary(job), events));
  }
  return list;
}

function updateRows(list: JobListPages, filter: JobFilter, events: JobEvents): JobListPages {
  const touched = new Set([
    ...events.jobs.map((job) => job.id),
    ...events.progress.map((event) => event.job_id),
  ]);
  if (touched.size === 0) return list;
  const pages = list.pages.map((page) => {
    const items = page.items.flatMap((row) => {
      if (!touched.has(row.id)) return [row];
      const next = applyToJob(row, events);
      return next === row || fits(next, filter) ? [next] : [];
    });
    return sameItems(items, page.items) ? page : { ...page, items };
  });
  return sameItems(pages, list.pages) ? list : { ...list, pages };
}

function sameItems(ones: readonly unknown[], others: readonly unknown[]): boolean {
  return ones.length === others.length && ones.every((one, index) => one === others[index]);
}

function newestOfEach(jobs: readonly JobSummary[]): JobSummary[] {
  const newest = new Map<string, JobSummary>();
  for (const job of jobs) {
    const other = newest.get(job.id);
    if (!other || other.version < job.version) newest.set(job.id, job);
  }
  return [...newest.values()];
}

/** Puts a job where the order "newest first" has it; below the last loaded row it is left to be fetched. */
function insert(list: JobListPages, job: JobSummary): JobListPages {
  for (const [index, page] of list.pages.entries()) {
    const place = page.items.findIndex((row) => compareNewestFirst(job, row) < 0);
    const endsHere = index === list.pages.length - 1 && page.next_cursor === null;
    if (place === -1 && !endsHere) continue;
    // Above the first row of a later page stands the last row of the page before it, which may not be loaded.
    if (place <= 0 && index === 0 && list.pageParams[0] !== null) return list;
    const at = place === -1 ? page.items.length : place;
    const items = [...page.items.slice(0, at), job, ...page.items.slice(at)];
    return { ...list, pages: list.pages.with(index, { ...page, items }) };
  }
  return list;
}

function compareNewestFirst(one: JobSummary, other: JobSummary): number {
  const apart = Date.parse(other.created_at) - Date.parse(one.created_at);
  if (apart !== 0) return apart;
  return one.id === other.id ? 0 : one.id > other.id ? -1 : 1;
}

export function fits(job: JobSummary, filter: JobFilter): boolean {
  return (
    allows(filter.state, job.state) &&
    allows(filter.type, job.type) &&
    allows(filter.queue, job.queue) &&
    allows(filter.priority, job.priority) &&
    allows(filter.submitter, job.submitter.id)
  );
}

function allows<T>(wanted: readonly T[] | undefined, value: T): boolean {
  return !wanted || wanted.length === 0 || wanted.includes(value);
}

/** A job shows the log of its newest attempt: the first line of another one takes the place of all before. */
function applyToLog(list: LogPages, jobId: string, lines: readonly LogLine[]): LogPages {
  const last = list.pages.at(-1);
  // While pages are missing, a new line would leave a gap before it; it comes with the last page.
  if (!last || last.next_cursor !== null) return list;
  const kept = list.pages.flatMap((page) => page.items);
  const attempt = newestAttempt([...kept, ...lines.filter((line) => line.job_id === jobId)]);
  const held = new Set(kept.map(positionKey));
  const fresh = lines.filter((line) => {
    if (line.job_id !== jobId || line.attempt !== attempt) return false;
    if (held.has(positionKey(line))) return false;
    held.add(positionKey(line));
    return true;
  });
  if (fresh.length === 0) return list;
  if (newestAttempt(kept) < attempt) {
    return { pages: [{ ...last, items: fresh.sort(comparePositions) }], pageParams: [null] };
  }
  const items = [...last.items, ...fresh].sort(comparePositions);
  return { ...list, pages: [...list.pages.slice(0, -1), { ...last, items }] };
}

function newestAttempt(lines: readonly LogLine[]): number {
  return lines.reduce((newest, line) => Math.max(newest, line.attempt), 0);
}

function positionKey({ attempt, seq }: Position): string {
  return `${attempt}:${seq}`;
}
