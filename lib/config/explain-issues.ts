import type * as z from 'zod';
import { type ConfigPath, type ConfigProblem, placeName } from './config-problem.ts';
import { didYouMean, nearestWord } from './nearest-word.ts';
import { quote } from './quote.ts';

type Issue = z.core.$ZodIssue;

/** Keys of the design whose function does not exist yet, and the next step. Refused by name, never ignored. */
const LATER_KEYS: ReadonlySet<string> = new Set(['events']);

/** Settings of the old product that no key of today is named like. */
const OLD_KEYS: ReadonlySet<string> = new Set([
  ...['role', 'master', 'ec_sync_client', 'ec_sync_server', 'sync_user', 'sync_key'],
  ...['chef_base_path', 'install_path', 'log_directory', 'log_rotation'],
]);

/**
 * Makes sentences of what the schema refused. The issues must come from a parse with `reportInput`, which tells a
 * missing value from a wrong one. A value itself is never quoted: it may be a key that was pasted into the wrong line.
 */
export function explainIssues(issues: readonly Issue[], above: ConfigPath = []): readonly ConfigProblem[] {
  // `usr:` in the place of `user:` is one mistake, not an unknown key and a missing one.
  const misspelt = new Set(issues.flatMap(meantPaths));
  return issues
    .filter((issue) => !(isMissing(issue) && misspelt.has(pathId(issue.path))))
    .flatMap((issue) => explain(issue, above));
}

function explain(issue: Issue, above: ConfigPath): readonly ConfigProblem[] {
  const path = [...above, ...issue.path];
  const place = placeName(path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key], sentence: unknownKey(key, path, issue.message) }));
  }
  if (issue.code === 'invalid_union') {
    // The alternative that agrees with the kind of the value complains about something inside it, the others do not.
    const closest = issue.errors.find((branch) => branch.some((inner) => inner.path.length > 0));
    if (closest !== undefined) return explainIssues(closest, path);
  }
  const phrase = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  if (isMissing(issue)) return [{ path, sentence: `${place} is missing; it ${phrase}` }];
  if (issue.input === null) return [{ path, sentence: `${place} is empty; it ${phrase}` }];
  return [{ path, sentence: `${place} ${phrase}` }];
}

function isMissing(issue: Issue): boolean {
  return issue.code !== 'unrecognized_keys' && issue.input === undefined;
}

/** `known` is the message of `section` in schema-parts.ts: the keys it knows, separated by spaces. */
function unknownKey(key: string, path: ConfigPath, known: string): string {
  const place = path.length === 0 ? '' : ` in ${placeName(path)}`;
  if (LATER_KEYS.has(key)) return `\`${key}\`${place} is not supported yet; remove it`;
  if (OLD_KEYS.has(key)) {
    return `${quote(key)} is a setting of the old chef-sync.rb; docs/from-chef-sync.md says what takes its place`;
  }
  const words = known.split(' ');
  const hint = didYouMean(key, words) || `; the keys known here are ${words.join(', ')}`;
  return `${quote(key)} is not a known key${place}${hint}`;
}

function meantPaths(issue: Issue): readonly string[] {
  if (issue.code !== 'unrecognized_keys') return [];
  const known = issue.message.split(' ');
  return issue.keys.map((key) => pathId([...issue.path, nearestWord(key, known) ?? key]));
}

function pathId(path: ConfigPath): string {
  return JSON.stringify(path);
}
