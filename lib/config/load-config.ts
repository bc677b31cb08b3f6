import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import * as z from 'zod';
import type { AwsSettings } from './aws-schema.ts';
import { checkServer, type ReadFile } from './check-server.ts';
import { ConfigError } from './config-error.ts';
import type { ConfigProblem } from './config-problem.ts';
import { explainIssues } from './explain-issues.ts';
import { foreignSettings } from './foreign-settings.ts';
import type { ConfigReader } from './home.ts';
import { planLanes } from './lanes.ts';
import type { OrganizationPair } from './organization-pair.ts';
import { organizationPairs, type ResolvedPairs } from './organization-pairs.ts';
import { quote } from './quote.ts';
import { configSchema, type LogSettings, type ReadableConfig, readableConfigSchema } from './schema.ts';
import { type Position, readYaml } from './yaml-source.ts';

/** A configuration without a fault. */
export interface Config {
  /** In the order of the file; never empty. */
  readonly pairs: readonly OrganizationPair[];
  /** The SQLite file of the local runtime, as an absolute path; `chef-sync.db` beside the configuration by default. */
  readonly statePath: string;
  /** How much is kept of the logs beside that file. */
  readonly logs: LogSettings;
  /** The `aws:` section; empty when the file has none. */
  readonly aws: AwsSettings;
  /** What works but should not stay so, as `FILE:LINE:COLUMN: sentence`; for the operator to see at every start. */
  readonly warnings: readonly string[];
  /** SHA-256 of the file's text: two processes compare with it whether they have read the same. */
  readonly textHash: string;
}

/** A line of Ruby as in the old product's file, and as no mistake in YAML looks: `organizations [` may be a forgotten colon. */
const OLD_FILE = /^\s*(?:role\s+:|master\s+['"]|ec_sync_(?:client|server)\[)/m;

/** Far more than thousands of pairs need; a larger file is another one, named by mistake. */
const LARGEST_FILE_BYTES = 1_000_000;

/**
 * Reads a configuration file and, unless told not to, the key and certificate files that it names. What belongs to the other home than the
 * one it is read for is refused. Throws a ConfigError, never another.
 */
export function loadConfig(
  file: string,
  { home, readsServerFiles }: Pick<ConfigSource, 'home' | 'readsServerFiles'> = {},
): Config {
  const refuse = (sentence: string) => new ConfigError([`${file}: ${sentence}`]);
  let bytes: Buffer;
  try {
    if (statSync(file).size > LARGEST_FILE_BYTES) throw refuse('is larger than 1 MB; name a configuration file');
    bytes = readFileSync(file);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT')
      throw refuse(
        'there is no such file; name the configuration with --config FILE, or write a first one with "chef-sync-ctl init"',
      );
    throw refuse(`cannot be read (${String(code)}); correct the path or its permissions`);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refuse('is not UTF-8 text; save it as UTF-8');
  }
  return parseConfig(text, { file, home, readsServerFiles, readFile: readWithMode });
}

/** What `parseConfig` needs besides the text. */
export interface ConfigSource {
  /** The file's name in messages; relative paths begin at its folder. */
  readonly file: string;
  /** Reads the key and certificate files; nothing else is read. */
  readonly readFile: ReadFile;
  /** Default: local. */
  readonly home?: ConfigReader | undefined;
  /** False: for those who only need the pairs, and may not even be allowed to read the keys. Default: true. */
  readonly readsServerFiles?: boolean | undefined;
}

/** As `loadConfig`, for a text. Throws a ConfigError with every problem at once, never another. */
export function parseConfig(
  text: string,
  { file, readFile, home = 'local', readsServerFiles = true }: ConfigSource,
): Config {
  const folder = dirname(resolve(file));
  const yaml = readYaml(text);
  const locate = ({ path, sentence }: ConfigProblem): Located => ({ position: yaml.positionOf(path), sentence });
  // As YAML that file is one long text, or, with a comment in it, nothing at all.
  if (typeof yaml.content !== 'object' && OLD_FILE.test(text)) {
    throw new ConfigError([
      `${file}: this is a chef-sync.rb of the old product; write a chef-sync.yaml with "chef-sync-ctl init", docs/from-chef-sync.md has each old setting`,
    ]);
  }
  if (yaml.content === undefined) throw new ConfigError(inOrder(file, yaml.syntaxProblems));

  if (isOfNewerVersion(yaml.content)) {
    // Whatever else looks wrong may be right in the newer format, so it is the only problem that is reported.
    const sentence = 'this file has a newer version than 1, the only one known here; use a newer chef-sync';
    throw new ConfigError(inOrder(file, [locate({ path: ['version'], sentence })]));
  }

  const strict = configSchema.safeParse(yaml.content, { reportInput: true });
  const readable = readableConfigSchema.parse(yaml.content);
  const resolved = organizationPairs(readable, folder);
  const reports = (readsServerFiles ? resolved.servers : []).map(({ settings, path }) =>
    checkServer(settings, path, readFile, home),
  );

  const problems = [
    ...explainIssues(strict.error?.issues ?? []),
    ...resolved.problems,
    ...foreignSettings(readable, resolved.servers, home),
    ...reports.flatMap((report) => report.problems),
  ];
  if (yaml.syntaxProblems.length > 0 || problems.length > 0) {
    throw new ConfigError(inOrder(file, [...yaml.syntaxProblems, ...problems.map(locate)]));
  }
  if (home === 'aws') {
    // Reckoned from pairs that are all right, so it is told alone.
    const tooMany = laneProblems(resolved);
    if (tooMany.length > 0) throw new ConfigError(inOrder(file, tooMany.map(locate)));
  }
  const warnings = [...reports.flatMap((report) => report.warnings), ...unusedReplicas(readable, resolved.pairs)];
  return {
    pairs: resolved.pairs,
    statePath: resolve(folder, readable.local.state),
    logs: readable.local.logs,
    aws: readable.aws ?? {},
    warnings: inOrder(file, warnings.map(locate)),
    textHash: createHash('sha256').update(text).digest('hex'),
  };
}

interface Located {
  readonly position: Position;
  readonly sentence: string;
}

/** Lines for people, in the order of the file; what several rules say of one place stands there once. */
function inOrder(file: string, located: readonly Located[]): readonly string[] {
  const sorted = located.toSorted(({ position: a }, { position: b }) => a.line - b.line || a.column - b.column);
  return [
    ...new Set(sorted.map(({ position, sentence }) => `${file}:${position.line}:${position.column}: ${sentence}`)),
  ];
}

function isOfNewerVersion(content: unknown): boolean {
  return z.object({ version: z.int().min(2) }).safeParse(content).success;
}

function laneProblems({ pairs, servers }: ResolvedPairs): readonly ConfigProblem[] {
  return planLanes(pairs).problems.map(({ origin, sentence }) => ({
    path: servers.find(({ settings }) => new URL(settings.url).origin === origin)?.path ?? [],
    sentence,
  }));
}

function unusedReplicas(config: ReadableConfig, pairs: readonly OrganizationPair[]): readonly ConfigProblem[] {
  const used = new Set(pairs.map(({ replicaName }) => replicaName));
  return Object.keys(config.replicas)
    .filter((name) => !used.has(name))
    .map((name) => ({
      path: ['replicas', name],
      sentence: `no organization is copied to the replica ${quote(name)}; name it in \`organizations:\` or remove it`,
    }));
}

function readWithMode(absolutePath: string): ReturnType<ReadFile> {
  return { text: readFileSync(absolutePath, 'utf8'), mode: statSync(absolutePath).mode };
}
