import { InvalidArgumentError } from 'commander';
import { parseDuration } from './human-time.ts';

/** Reads an option's duration as milliseconds; throws the sentence that commander shows for anything else. */
export function readDuration(text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs === undefined) throw new InvalidArgumentError('Give a time like 90s, 10m or 1h30m.');
  return durationMs;
}
