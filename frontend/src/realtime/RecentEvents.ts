import type { JobEvents } from './jobEvents';

const KEPT_MS = 60_000;
const MOST_KEPT = 500;

interface Heard {
  at: number;
  events: JobEvents;
}

/**
 * What was heard in the last minute. An answer that was on its way while an event came in may be older than that
 * event; applying these again to every answer puts it right.
 */
export class RecentEvents {
  #heard: Heard[] = [];

  add(events: JobEvents, now = Date.now()): void {
    const kept = this.#heard.filter((heard) => now - heard.at < KEPT_MS);
    this.#heard = [...kept.slice(1 - MOST_KEPT), { at: now, events }];
  }

  all(now = Date.now()): JobEvents {
    const fresh = this.#heard.filter((heard) => now - heard.at < KEPT_MS);
    return {
      jobs: fresh.flatMap(({ events }) => events.jobs),
      progress: fresh.flatMap(({ events }) => events.progress),
      log: fresh.flatMap(({ events }) => events.log),
    };
  }
}
