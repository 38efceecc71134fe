import type { components, paths } from './schema.gen';

type Schemas = components['schemas'];

export type User = Schemas['User'];
export type AuthAnswer = Schemas['AuthAnswer'];
export type Setup = Schemas['Setup'];
export type JobType = Schemas['JobType'];
export type StoredFile = Schemas['File'];
export type Job = Schemas['Job'];
export type JobSummary = Schemas['JobSummary'];
export type JobSummaryList = Schemas['JobSummaryList'];
export type Attempt = Schemas['Attempt'];
export type LogLine = Schemas['LogLine'];
export type LogLineList = Schemas['LogLineList'];
export type Artifact = Schemas['Artifact'];
export type NewJob = Schemas['NewJob'];
export type ProgressEvent = Schemas['ProgressEvent'];
export type ErrorBody = Schemas['Error'];

export type JobState = JobSummary['state'];
export type Priority = JobSummary['priority'];
export type Progress = NonNullable<JobSummary['progress']>;
export type Role = User['role'];

type JobsQuery = NonNullable<paths['/api/v1/jobs']['get']['parameters']['query']>;
export type JobFilter = Pick<JobsQuery, 'state' | 'type' | 'queue' | 'priority' | 'submitter'>;

export const JOB_STATES = [
  'scheduled',
  'queued',
  'running',
  'retrying',
  'completed',
  'failed',
  'cancelled',
] as const satisfies readonly JobState[];

export const PRIORITIES = [
  'critical',
  'high',
  'normal',
  'low',
] as const satisfies readonly Priority[];

export const FINISHED: ReadonlySet<JobState> = new Set(['completed', 'failed', 'cancelled']);
