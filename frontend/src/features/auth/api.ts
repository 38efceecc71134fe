import { mutationOptions, queryOptions } from '@tanstack/react-query';
import { answered, client } from '../../api/client';
import { session } from '../../api/session';
import type { AuthAnswer, Setup } from '../../api/types';

export const authKeys = {
  setup: ['auth', 'setup'] as const,
};

export const setupQuery = queryOptions<Setup>({
  queryKey: authKeys.setup,
  queryFn: ({ signal }) => answered(client.GET('/api/v1/auth/setup', { signal })),
  staleTime: 0,
});

export interface Credentials {
  email: string;
  password: string;
}

export interface NewAccount extends Credentials {
  name: string;
  bootstrap_token?: string;
}

const begin = (answer: AuthAnswer) => {
  session.begin(answer);
};

export const signIn = mutationOptions({
  mutationFn: (body: Credentials) => answered(client.POST('/api/v1/auth/login', { body })),
  onSuccess: begin,
});

export const register = mutationOptions({
  mutationFn: (body: NewAccount) => answered(client.POST('/api/v1/auth/register', { body })),
  onSuccess: begin,
});
