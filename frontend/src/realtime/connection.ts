import type { Socket } from 'socket.io-client';
import { io } from 'socket.io-client';
import type { JobSummary, LogLine, ProgressEvent } from '../api/types';
import type { JobEvents } from './jobEvents';

const STALE_AFTER_MS = 10_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;
const ANSWER_WITHIN_MS = 5_000;

export type LiveStatus =
  | { state: 'connected' }
  | { state: 'reconnecting'; since: number }
  | { state: 'stale'; since: number };

/** Where tokens come from; `renew` gives one other than the one the server refused. */
export interface TokenSource {
  token: () => Promise<string | null>;
  renew: (refused?: string | null) => Promise<string | null>;
}

export interface Listener {
  heard: (events: Partial<JobEvents>) => void;
  /** Something may have been missed. */
  gap: () => void;
  joined: (room: string) => void;
}

interface Heard {
  jobs: (jobs: JobSummary[]) => void;
  progress: (progress: ProgressEvent[]) => void;
  log: (log: LogLine[]) => void;
  refetch: () => void;
}

interface Said {
  subscribe: (request: { room: string }, answer: (answer: { ok?: boolean }) => void) => void;
  unsubscribe: (request: { room: string }) => void;
}

/** One Socket.IO connection for the whole dashboard: rooms are counted, and joined again after every reconnect. */
export class Connection {
  #status: LiveStatus = { state: 'reconnecting', since: Date.now() };
  readonly #watchers = new Set<() => void>();
  readonly #rooms = new Map<string, number>();
  readonly #socket: Socket<Heard, Said>;
  readonly #tokens: TokenSource;
  readonly #listener: Listener;
  #sent: string | null = null;
  #refusals = 0;
  #closed = false;
  #staleTimer: ReturnType<typeof setTimeout> | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(tokens: TokenSource, listener: Listener) {
    this.#tokens = tokens;
    this.#listener = listener;
    this.#socket = io({
      transports: ['websocket'],
      autoConnect: false,
      forceNew: true,
      reconnectionDelay: FIRST_PAUSE_MS,
      reconnectionDelayMax: LONGEST_PAUSE_MS,
      auth: (send) => void this.#authenticate(send),
    });
    this.#listen();
  }

  readonly subscribe = (watcher: () => void): (() => void) => {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  };

  readonly status = (): LiveStatus => this.#status;

  open(): void {
    this.#closed = false;
    this.#lost();
    this.#socket.connect();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#staleTimer);
    clearTimeout(this.#retryTimer);
    this.#socket.disconnect();
  }

  /** Hears a room until the returned function is called. */
  join(room: string): () => void {
    const users = this.#rooms.get(room) ?? 0;
    this.#rooms.set(room, users + 1);
    if (users === 0 && this.#socket.connected) {
      void this.#enter(room).then((entered) => {
        if (entered) this.#listener.joined(room);
      });
    }
    return () => {
      this.#leave(room);
    };
  }

  #listen(): void {
    const { heard, gap } = this.#listener;
    this.#socket.on('connect', () => {
      this.#refusals = 0;
      this.#become({ state: 'connected' });
      // What is fetched once the rooms are joined can't miss a change that the rooms don't tell.
      const joined = [...this.#rooms.keys()].map((room) => this.#enter(room));
      void Promise.all(joined).then(gap);
    });
    this.#socket.on('disconnect', (reason) => {
      this.#lost();
      // The server ends a session whose rights changed: only a fresh token opens the next one.
      if (reason === 'io server disconnect') this.#retryWithFreshToken();
    });
    this.#socket.on('connect_error', () => {
      this.#lost();
      // `active` means the transport failed and Socket.IO tries again; otherwise the server refused the token.
      if (!this.#socket.active) this.#retryWithFreshToken();
    });
    this.#socket.on('jobs', (jobs) => {
      heard({ jobs });
    });
    this.#socket.on('progress', (progress) => {
      heard({ progress });
    });
    this.#socket.on('log', (log) => {
      heard({ log });
    });
    this.#socket.on('refetch', gap);
  }

  async #authenticate(send: (auth: object) => void): Promise<void> {
    // While the server is away there is no new token; the old one is refused or the transport fails, and both retry.
    const token = await this.#tokens.token().catch(() => this.#sent);
    this.#sent = token;
    send({ token });
  }

  #retryWithFreshToken(): void {
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** this.#refusals, LONGEST_PAUSE_MS);
    this.#refusals += 1;
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => void this.#renewAndConnect(), pause);
  }

  async #renewAndConnect(): Promise<void> {
    try {
      const token = await this.#tokens.renew(this.#sent);
      if (token !== null && !this.#closed) this.#socket.connect();
    } catch {
      // The server is away; a session that has ended answers null instead and isn't retried.
      if (!this.#closed) this.#retryWithFreshToken();
    }
  }

  async #enter(room: string): Promise<boolean> {
    try {
      const answer = (await this.#socket
        .timeout(ANSWER_WITHIN_MS)
        .emitWithAck('subscribe', { room })) as { ok?: boolean };
      return answer.ok === true;
    } catch {
      return false;
    }
  }

  #leave(room: string): void {
    const users = (this.#rooms.get(room) ?? 0) - 1;
    if (users > 0) {
      this.#rooms.set(room, users);
      return;
    }
    this.#rooms.delete(room);
    if (this.#socket.connected) this.#socket.emit('unsubscribe', { room });
  }

  #lost(): void {
    if (this.#status.state !== 'connected' && this.#staleTimer) return;
    const since = Date.now();
    this.#become({ state: 'reconnecting', since });
    this.#staleTimer = setTimeout(() => {
      this.#become({ state: 'stale', since });
    }, STALE_AFTER_MS);
  }

  #become(status: LiveStatus): void {
    if (status.state === 'connected') {
      clearTimeout(this.#staleTimer);
      this.#staleTimer = undefined;
    }
    this.#status = status;
    for (const watcher of this.#watchers) watcher();
  }
}
