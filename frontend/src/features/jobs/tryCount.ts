import type { JobSummary } from '../../api/types';

/**
 * Which try of a job this is. Failures count against its limit, attempts don't: one that gave way to a shutdown, or
 * that a person sent again, cost nothing.
 */
export function tryCount(job: JobSummary): number {
  const tries = job.state === 'failed' ? job.failures : job.failures + 1;
  return Math.min(Math.max(tries, 1), job.max_attempts);
}
