const SECOND = 1;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A length of time as short as it stays exact enough: "0.4 s", "12 s", "3 min 05 s", "1 h 04 min", "2 d 3 h". */
export function durationText(seconds: number): string {
  const length = Math.max(0, seconds);
  if (length < 9.95) return `${length.toFixed(1)} s`;
  const whole = Math.round(length);
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)} min ${padded(whole % MINUTE)} s`;
  const minutes = Math.floor(whole / MINUTE);
  if (whole < DAY) return `${Math.floor(minutes / 60)} h ${padded(minutes % 60)} min`;
  const hours = Math.floor(whole / HOUR);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A length that stands still, such as a limit: no seconds where there are none. */
export function lengthText(seconds: number): string {
  return durationText(seconds)
    .replace(/\.0 s$/, ' s')
    .replace(/ (00 s|00 min|0 h)$/, '');
}

/** How long ago, in one unit: "now", "12 s", "3 min", "2 h", "4 d". */
export function ageText(seconds: number): string {
  if (seconds < 1) return 'now';
  if (seconds < MINUTE) return `${Math.floor(seconds)} s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h`;
  return `${Math.floor(seconds / DAY)} d`;
}

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const minute = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

export function exactText(at: string): string {
  return exact.format(new Date(at));
}

export function clockText(at: string): string {
  return clock.format(new Date(at));
}

export function minuteText(at: number): string {
  return minute.format(new Date(at));
}

/** The time of day, with its date where that isn't today. */
export function momentText(at: string, now = new Date()): string {
  const then = new Date(at);
  const isToday = then.toDateString() === now.toDateString();
  return isToday ? clock.format(then) : `${day.format(then)}, ${clock.format(then)}`;
}

export function secondsBetween(from: string, to: string | number): number {
  const end = typeof to === 'number' ? to : Date.parse(to);
  return (end - Date.parse(from)) / 1000;
}

function padded(value: number): string {
  return String(value).padStart(2, '0');
}
