import type { InfiniteData } from '@tanstack/react-query';
import type {
  Job,
  JobFilter,
  JobSummary,
  JobSummaryList,
  LogLine,
  LogLineList,
  ProgressEvent,
} from '../api/types';

export interface JobEvents {
  jobs: readonly JobSummary[];
  progress: readonly ProgressEvent[];
  log: readonly LogLine[];
}

export const NO_EVENTS: JobEvents = { jobs: [], progress: [], log: [] };

export type JobListPages = InfiniteData<JobSummaryList, string | null>;
export type LogPages = InfiniteData<LogLineList, string | null>;

/** How a query takes part in the live flow; a query says so in its `meta.live`. */
export type Live =
  | { shape: 'jobList'; filter: JobFilter }
  | { shape: 'job'; jobId: string }
  | { shape: 'jobLog'; jobId: string }
  /** What no event carries and a change of state makes old: attempts, artifacts. */
  | { shape: 'jobPart'; jobId: string };

export interface LiveValue {
  jobList: JobListPages;
  job: Job;
  jobLog: LogPages;
  jobPart: unknown;
}

declare module '@tanstack/react-query' {
  interface Register {
    queryMeta: { live?: Live };
  }
}
