import type { JobState, JobSummary } from '../../api/types';
import { FINISHED } from '../../api/types';

export interface PathStep {
  state: 'submitted' | JobState;
  /** When it was reached; null where that lies ahead or isn't known. */
  at: string | null;
  standing: 'passed' | 'current' | 'ahead';
  /** When the next step is due, for what waits for a time. */
  due: string | null;
}

/** The way a job has come and the way it has before it, for its current attempt. */
export function statePath(job: JobSummary): PathStep[] {
  const passed = passedSteps(job);
  const last = passed.at(-1);
  const ahead = aheadOf(job.state).map((state): PathStep => ({
    state,
    at: null,
    standing: 'ahead',
    due: null,
  }));
  if (last) passed[passed.length - 1] = { ...last, standing: 'current' };
  return [...passed, ...ahead];
}

function passedSteps(job: JobSummary): PathStep[] {
  const step = (
    state: PathStep['state'],
    at: string | null,
    due: string | null = null,
  ): PathStep => ({
    state,
    at,
    due,
    standing: 'passed',
  });
  const steps = [step('submitted', job.created_at)];
  if (job.state === 'scheduled') return [...steps, step('scheduled', null, job.run_at)];
  if (job.queued_at) steps.push(step('queued', job.queued_at));
  else if (job.state === 'queued') steps.push(step('queued', job.created_at));
  if (job.started_at && job.state !== 'queued') steps.push(step('running', job.started_at));
  if (job.state === 'retrying') steps.push(step('retrying', null, job.run_at));
  if (FINISHED.has(job.state)) steps.push(step(job.state, job.finished_at));
  return steps;
}

function aheadOf(state: JobState): JobState[] {
  switch (state) {
    case 'scheduled':
    case 'retrying':
      return ['queued', 'running', 'completed'];
    case 'queued':
      return ['running', 'completed'];
    case 'running':
      return ['completed'];
    default:
      return [];
  }
}
