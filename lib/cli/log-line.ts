import type { Log } from '../sync/pair-context.ts';
import { formatInstant } from './human-time.ts';
import { plainText } from './plain-text.ts';

/** One line of the log for a person or a log collector. */
export interface LogLine {
  readonly at: number;
  readonly level: Parameters<Log>[0];
  /** The pair, or `manager` for what concerns all of them. */
  readonly about: string;
  readonly message: string;
  readonly fields?: Parameters<Log>[2];
}

/** `2026-11-24T07:00:00Z info  eu/acme  message key=value`. Of a trace only the first line; the structured log has all of it. */
export function formatLogLine({ at, level, about, message, fields = {} }: LogLine): string {
  const [sentence = ''] = message.split('\n', 1);
  const pairs = Object.entries(fields).map(([key, value]) => ` ${key}=${fieldText(value)}`);
  return `${formatInstant(at)} ${level.padEnd(5)} ${about}  ${plainText(sentence)}${pairs.join('')}`;
}

function fieldText(value: string | number | boolean): string {
  const text = plainText(String(value));
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}
