import { queryOptions } from '@tanstack/react-query';
import { answered, client } from './client';
import type { JobType } from './types';

/** All job types; they change only when the server restarts. */
export const jobTypesQuery = queryOptions({
  queryKey: ['job-types'],
  queryFn: ({ signal }) => answered(client.GET('/api/v1/job-types', { signal })),
  staleTime: 5 * 60_000,
  select: (list) => list.items,
});

/** A type that is gone since its job ran is shown by its name. */
export function typeTitle(types: readonly JobType[] | undefined, type: string): string {
  return types?.find((each) => each.type === type)?.title ?? type;
}
