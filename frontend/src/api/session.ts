import { ApiError, asApiError } from './errors';
import type { AuthAnswer, User } from './types';

const AUTH = '/api/v1/auth';
const LOCK = 'millrace-refresh';
const CHANNEL = 'millrace-session';
const EXPIRY_MARGIN_MS = 20_000;

export type SessionState =
  | { status: 'restoring' }
  | { status: 'away'; error: ApiError }
  | { status: 'signed_out' }
  | { status: 'signed_in'; user: User };

interface Token {
  value: string;
  goodUntil: number;
}

type TabMessage = { kind: 'renewed'; answer: AuthAnswer } | { kind: 'signed_out' };

/**
 * Who is signed in, and the access token, which lives in memory alone.
 *
 * The refresh cookie is shared by all tabs, so renewing is done once at a time: one promise inside a tab, one lock
 * across tabs, and the tab that renewed tells the others.
 */
export class Session {
  #state: SessionState = { status: 'restoring' };
  #token: Token | null = null;
  #renewing: Promise<string | null> | null = null;
  readonly #listeners = new Set<() => void>();
  readonly #tabs: BroadcastChannel | null;

  constructor() {
    this.#tabs = 'BroadcastChannel' in globalThis ? new BroadcastChannel(CHANNEL) : null;
    this.#tabs?.addEventListener('message', (event: MessageEvent<TabMessage>) => {
      if (event.data.kind === 'renewed') this.#adopt(event.data.answer);
      else this.#forget();
    });
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly state = (): SessionState => this.#state;

  /** Asks once at start whether the refresh cookie still stands for someone. */
  async restore(): Promise<void> {
    try {
      await this.renew();
    } catch (problem) {
      this.#become({ status: 'away', error: asApiError(problem) });
    }
  }

  /** The token to send now, renewed first where it is about to expire; null where nobody is signed in. */
  async token(): Promise<string | null> {
    if (this.#state.status === 'signed_out') return null;
    if (this.#token && this.#token.goodUntil > Date.now()) return this.#token.value;
    return this.renew();
  }

  /** A token other than `refused`. Throws where the server is away; null ends the session. */
  async renew(refused?: string | null): Promise<string | null> {
    if (refused && this.#token && this.#token.value !== refused) return this.#token.value;
    this.#renewing ??= this.#renewAlone(this.#token?.value).finally(() => {
      this.#renewing = null;
    });
    return this.#renewing;
  }

  begin(answer: AuthAnswer): void {
    this.#adopt(answer);
    this.#tell({ kind: 'renewed', answer });
  }

  async signOut(): Promise<void> {
    const token = this.#token?.value;
    const headers = token ? { Authorization: `Bearer ${token}` } : undefined;
    await fetch(`${AUTH}/logout`, { method: 'POST', ...(headers && { headers }) }).catch(
      (problem: unknown) => {
        throw ApiError.away(problem);
      },
    );
    this.#forget();
    this.#tell({ kind: 'signed_out' });
  }

  async #renewAlone(held: string | undefined): Promise<string | null> {
    const renew = async () => {
      const heardMeanwhile = this.#token && this.#token.value !== held ? this.#token.value : null;
      return heardMeanwhile ?? this.#askForToken();
    };
    // Browsers offer locks on secure addresses only; elsewhere each tab renews for itself.
    const { locks } = navigator as { locks?: LockManager | null };
    if (!locks) return renew();
    return await locks.request(LOCK, renew);
  }

  async #askForToken(): Promise<string | null> {
    let response: Response;
    try {
      response = await fetch(`${AUTH}/refresh`, { method: 'POST' });
    } catch (problem) {
      throw ApiError.away(problem);
    }
    if (response.ok) {
      const answer = (await response.json()) as AuthAnswer;
      this.begin(answer);
      return answer.access_token;
    }
    if (response.status !== 401) {
      throw ApiError.fromAnswer(response.status, await response.json().catch(() => null));
    }
    this.#forget();
    return null;
  }

  #adopt(answer: AuthAnswer): void {
    const lasts = answer.expires_in_seconds * 1000;
    const margin = Math.min(EXPIRY_MARGIN_MS, lasts / 2);
    this.#token = { value: answer.access_token, goodUntil: Date.now() + lasts - margin };
    this.#become({ status: 'signed_in', user: answer.user });
  }

  #forget(): void {
    this.#token = null;
    this.#become({ status: 'signed_out' });
  }

  #become(state: SessionState): void {
    const before = this.#state;
    if (state.status === 'signed_in' && before.status === 'signed_in') {
      if (JSON.stringify(state.user) === JSON.stringify(before.user)) return;
    }
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }

  #tell(message: TabMessage): void {
    this.#tabs?.postMessage(message);
  }
}

export const session = new Session();
