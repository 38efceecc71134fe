import { QueryClient } from '@tanstack/react-query';
import { ApiError } from './errors';

const RETRIES_WHILE_AWAY = 2;

export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 15_000,
        retry: (failures, problem) =>
          problem instanceof ApiError && problem.isAway && failures < RETRIES_WHILE_AWAY,
        networkMode: 'always',
      },
      mutations: { networkMode: 'always' },
    },
  });
}
