const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const UNITS = [
  ['d', DAY_MS],
  ['h', HOUR_MS],
  ['m', MINUTE_MS],
  ['s', SECOND_MS],
] as const;

/** Below this a tenth of a second is worth showing. */
const TENTHS_BELOW_MS = 10 * SECOND_MS;

/** `0s`, `0.4s`, `12s`, `10m`, `1h30m`, `2d4h`: the two largest units, rounded down. Negative spans are shown as `0s`. */
export function formatDuration(spanMs: number): string {
  if (spanMs < TENTHS_BELOW_MS) return `${Math.floor(Math.max(0, spanMs) / 100) / 10}s`;
  const first = UNITS.findIndex(([, unitMs]) => spanMs >= unitMs);
  let rest = spanMs;
  let text = '';
  for (const [letter, unitMs] of UNITS.slice(first, first + 2)) {
    const count = Math.floor(rest / unitMs);
    if (count > 0) text += `${count}${letter}`;
    rest -= count * unitMs;
  }
  return text;
}

/** Reads `90s`, `10m`, `1h30m`, `2d` as milliseconds; undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  const parts = /^(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?$/.exec(text);
  if (parts === null || text === '') return undefined;
  return UNITS.reduce((sum, [, unitMs], index) => sum + Number(parts[index + 1] ?? 0) * unitMs, 0);
}

/** A time in the local zone, `07:00:01`, with its date when that is not today's. */
function formatTime(at: number, now: number): string {
  const [date, time] = localParts(at);
  return date === localParts(now)[0] ? time : `${date} ${time}`;
}

/** A time in the local zone with its distance from now: `07:00:01 (4s ago)`. */
export function formatPast(at: number, now: number): string {
  return `${formatTime(at, now)} (${formatDuration(now - at)} ago)`;
}

const INSTANT = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/** A sentence from elsewhere, its instants turned into local times with their distance from now. */
export const localTimes = (sentence: string, now: number): string =>
  sentence.replace(INSTANT, (instant) => {
    const at = Date.parse(instant);
    return at > now ? `${formatTime(at, now)} (${formatFuture(at, now)})` : formatPast(at, now);
  });

/** `in 56s`, or `now` when the time has come. */
export function formatFuture(at: number, now: number): string {
  return at > now ? `in ${formatDuration(at - now)}` : 'now';
}

/** An instant for machines and logs: UTC, whole seconds. */
export function formatInstant(at: number): string {
  return new Date(at).toISOString().replace(/\.\d+Z$/, 'Z');
}

function localParts(at: number): readonly [date: string, time: string] {
  const moment = new Date(at);
  const two = (value: number): string => String(value).padStart(2, '0');
  return [
    `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`,
    `${two(moment.getHours())}:${two(moment.getMinutes())}:${two(moment.getSeconds())}`,
  ];
}
