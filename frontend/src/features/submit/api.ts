import { mutationOptions, type QueryClient } from '@tanstack/react-query';
import { answered, client } from '../../api/client';
import type { NewJob } from '../../api/types';
import { hear } from '../../realtime/live';

export function submitJob(queries: QueryClient) {
  return mutationOptions({
    mutationFn: (body: NewJob) => answered(client.POST('/api/v1/jobs', { body })),
    onSuccess: (job) => {
      hear(queries, { jobs: [job] });
    },
  });
}
