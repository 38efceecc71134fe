import { useSyncExternalStore } from 'react';
import { ageText, durationText, exactText, secondsBetween } from './timeText';

/** One tick a second for everything that shows passing time; a reader is drawn anew only when its text changes. */
const readers = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(reader: () => void): () => void {
  readers.add(reader);
  timer ??= setInterval(() => {
    for (const each of readers) each();
  }, 1000);
  return () => {
    readers.delete(reader);
    if (readers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

export function useTicking(text: (now: number) => string): string {
  return useSyncExternalStore(subscribe, () => text(Date.now()));
}

export function Age({ at }: { at: string }) {
  const text = useTicking((now) => ageText(secondsBetween(at, now)));
  return (
    <time dateTime={at} title={exactText(at)}>
      {text}
    </time>
  );
}

/** From one moment to another, or ticking up to now where the end is open. */
export function Duration({ from, to }: { from: string; to: string | null }) {
  const text = useTicking((now) => {
    if (to) return durationText(secondsBetween(from, to));
    // Tenths would flicker beside a clock that ticks in seconds.
    const seconds = Math.max(0, Math.floor(secondsBetween(from, now)));
    return seconds < 10 ? `${seconds} s` : durationText(seconds);
  });
  return <span>{text}</span>;
}
