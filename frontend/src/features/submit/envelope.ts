import type { NewJob, Priority } from '../../api/types';

/** What the form holds of a job besides its payload. */
export interface Envelope {
  priority: Priority;
  tags: string;
  /** As a datetime-local input gives it, in the reader's own time; empty for now. */
  runAt: string;
}

export const EMPTY_ENVELOPE: Envelope = { priority: 'normal', tags: '', runAt: '' };

export const ENVELOPE_FIELDS = ['type', 'priority', 'tags', 'run_at'] as const;

export function newJob(
  type: string,
  payload: Record<string, unknown>,
  { priority, tags, runAt }: Envelope,
): NewJob & { tags: string[]; priority: Priority } {
  return {
    type,
    payload,
    priority,
    tags: tagsFrom(tags),
    ...(runAt && { run_at: new Date(runAt).toISOString() }),
  };
}

export function tagsFrom(text: string): string[] {
  const tags = text.split(',').map((tag) => tag.trim());
  return [...new Set(tags.filter((tag) => tag !== ''))];
}
