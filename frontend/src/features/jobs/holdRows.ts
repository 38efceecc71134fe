import type { JobSummary } from '../../api/types';

export interface HeldRow {
  job: JobSummary;
  /** It no longer belongs here, and goes as soon as the list is let go. */
  leaving: boolean;
}

export interface HeldRows {
  rows: HeldRow[];
  /** How many new ones wait above. */
  waiting: number;
}

/**
 * The list as it stood when the reader laid hand on it, told with what is known now: rows keep their places, those that
 * left stay as they were, new ones wait, and older pages still come in below.
 */
export function holdRows(
  frozen: readonly JobSummary[] | null,
  current: readonly JobSummary[],
): HeldRows {
  if (!frozen) return { rows: current.map((job) => ({ job, leaving: false })), waiting: 0 };
  const byId = new Map(current.map((job) => [job.id, job]));
  const held = new Set(frozen.map((job) => job.id));
  const kept = frozen.map((job) => ({ job: byId.get(job.id) ?? job, leaving: !byId.has(job.id) }));
  const lastHeld = current.findLastIndex((job) => held.has(job.id));
  const below = current.slice(lastHeld + 1).filter(() => lastHeld >= 0);
  const waiting = current.slice(0, lastHeld + 1).filter((job) => !held.has(job.id)).length;
  const rows = [...kept, ...below.map((job) => ({ job, leaving: false }))];
  return { rows, waiting: lastHeld >= 0 ? waiting : current.length };
}
