import type { Job, JobState, JobSummary, LogLine, ProgressEvent } from '../api/types';

const START = Date.parse('2026-03-01T08:00:00.000Z');

/** A job of the tests: `age` orders it (a higher one is older), everything else may be set. */
export function aJob(
  id: string,
  state: JobState,
  change: Partial<JobSummary> & { age?: number } = {},
): JobSummary {
  const { age = 0, ...rest } = change;
  const at = new Date(START - age * 60_000).toISOString();
  return {
    id,
    type: 'image',
    summary: `${id}.jpg`,
    queue: 'images',
    priority: 'normal',
    state,
    attempt: 1,
    max_attempts: 3,
    failures: 0,
    crashes: 0,
    runs_alone: false,
    submitter: { id: 'ada', name: 'Ada' },
    tags: [],
    progress: null,
    error: null,
    created_at: at,
    run_at: at,
    queued_at: state === 'scheduled' ? null : at,
    started_at: null,
    finished_at: null,
    cancel_requested_at: null,
    cancel_requested_by: null,
    worker_id: null,
    version: 1,
    ...rest,
  };
}

export function aWholeJob(id: string, state: JobState, change: Partial<Job> = {}): Job {
  const {
    payload = { width: 64 },
    result = null,
    time_limit_seconds = 60,
    may_govern = true,
  } = change;
  return { ...aJob(id, state), ...change, payload, result, time_limit_seconds, may_govern };
}

export function progress(job_id: string, attempt: number, seq: number): ProgressEvent {
  return { job_id, attempt, seq, fraction: seq / 100, message: `Step ${seq}` };
}

export function logLine(job_id: string, attempt: number, seq: number): LogLine {
  const at = new Date(START + seq * 1000).toISOString();
  return { job_id, attempt, seq, at, level: 'info', message: `Line ${seq} of attempt ${attempt}` };
}
