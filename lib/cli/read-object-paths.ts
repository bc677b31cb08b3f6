import { InvalidArgumentError } from 'commander';
import { type ObjectPath, parseObjectPath } from '../model/object-path.ts';

/** Reads one more path of an object in the command line; throws the sentence that commander shows for anything else. */
export function readObjectPaths(text: string, earlier: readonly ObjectPath[] = []): readonly ObjectPath[] {
  const ref = parseObjectPath(text);
  if ('unknown' in ref) throw new InvalidArgumentError(`Give a path like /roles/web: ${ref.reason}.`);
  return [...earlier, ref.path];
}
