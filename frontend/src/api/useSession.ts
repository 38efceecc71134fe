import { useSyncExternalStore } from 'react';
import type { SessionState } from './session';
import { session } from './session';
import type { User } from './types';

export function useSession(): SessionState {
  return useSyncExternalStore(session.subscribe, session.state);
}

/** The signed-in account; only for what stands behind the sign-in. */
export function useUser(): User {
  const state = useSession();
  if (state.status !== 'signed_in') throw new Error('Nobody is signed in here.');
  return state.user;
}
