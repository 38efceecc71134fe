import type { JobFilter } from '../../api/types';
import { JOB_STATES, PRIORITIES } from '../../api/types';

/** The filter stands in the address, so that every view is a link. What the address says wrong is left out. */
export function filterFrom(query: URLSearchParams): JobFilter {
  const states = chosen(query.getAll('state'), JOB_STATES);
  const priorities = chosen(query.getAll('priority'), PRIORITIES);
  const types = query.getAll('type');
  const queues = query.getAll('queue');
  const submitters = query.getAll('submitter');
  return {
    ...(states.length > 0 && { state: states }),
    ...(types.length > 0 && { type: types }),
    ...(queues.length > 0 && { queue: queues }),
    ...(priorities.length > 0 && { priority: priorities }),
    ...(submitters.length > 0 && { submitter: submitters }),
  };
}

export function isFiltered(filter: JobFilter): boolean {
  return Object.keys(filter).length > 0;
}

/** The same address with one name's values replaced. */
export function withValues(
  query: URLSearchParams,
  name: keyof JobFilter,
  values: readonly string[],
): URLSearchParams {
  const next = new URLSearchParams(query);
  next.delete(name);
  for (const value of values) next.append(name, value);
  return next;
}

export function toggled(values: readonly string[], value: string): string[] {
  return values.includes(value) ? values.filter((each) => each !== value) : [...values, value];
}

function chosen<T extends string>(values: readonly string[], known: readonly T[]): T[] {
  return known.filter((value) => values.includes(value));
}
