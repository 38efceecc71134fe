import type { JobSummary, Progress } from '../../api/types';

/** Progress belongs to an attempt; that of an earlier one says nothing about this one. */
export function progressNow(job: JobSummary): Progress | null {
  return job.progress?.attempt === job.attempt ? job.progress : null;
}
