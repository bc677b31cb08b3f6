import { InvalidArgumentError } from 'commander';
import { globProblem } from '../config/object-glob.ts';
import { type ObjectPath, parseObjectPath } from '../model/object-path.ts';
import { parseDuration } from './human-time.ts';

// Each reads what the command line gives an option or an argument, and throws the sentence that commander shows for what it cannot be.

/** A port. */
export function readPort(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new InvalidArgumentError('Give a port, like 8080.');
  return port;
}

/** A duration as milliseconds. */
export function readDuration(text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs === undefined) throw new InvalidArgumentError('Give a time like 90s, 10m or 1h30m.');
  return durationMs;
}

/** How many objects. */
export function readLimit(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('Give a number of objects, like 100.');
  return Number(text);
}

/** A glob over objects. */
export function readGlob(text: string): string {
  const problem = globProblem(text);
  if (problem !== undefined) throw new InvalidArgumentError(`${problem}.`);
  return text;
}

/** One more path of an object. */
export function readObjectPaths(text: string, earlier: readonly ObjectPath[] = []): readonly ObjectPath[] {
  const ref = parseObjectPath(text);
  if ('unknown' in ref) throw new InvalidArgumentError(`Give a path like /roles/web: ${ref.reason}.`);
  return [...earlier, ref.path];
}
