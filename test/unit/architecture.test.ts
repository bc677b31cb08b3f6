import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import picomatch from 'picomatch';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What a layer may import beside itself. */
interface Allowed {
  readonly layers: readonly string[];
  /** Layers of which it may know the shapes but run nothing: `import type`. */
  readonly types?: readonly string[];
  /** Packages and Node modules; without this list any. The layers with one are pure: simulation runs them as they are. */
  readonly packages?: readonly string[];
}

/**
 * The direction of dependencies: functions → runtime → sync → plan → model; runtime → aws, chef, local → ports → model;
 * cli, cdk → config. Whatever is not in this table is forbidden; nothing at all imports functions or test.
 */
const ALLOWED: Readonly<Record<string, Allowed>> = {
  'lib/model': { layers: [], packages: [] },
  'lib/ports': { layers: ['lib/model'], packages: [] },
  // Hashes and globs are as pure as arithmetic.
  'lib/plan': { layers: ['lib/model'], packages: ['node:crypto', 'picomatch'] },
  'lib/sync': { layers: ['lib/plan', 'lib/ports', 'lib/model'], packages: ['node:crypto', 'p-map'] },
  'lib/chef': { layers: ['lib/ports', 'lib/model'] },
  'lib/aws': { layers: ['lib/ports', 'lib/model'] },
  'lib/local': { layers: ['lib/ports', 'lib/model'] },
  // Object kinds and the test of a glob belong to the configuration's schema too.
  'lib/config': { layers: ['lib/plan', 'lib/model'] },
  'lib/runtime': {
    layers: ['lib/sync', 'lib/plan', 'lib/ports', 'lib/model', 'lib/aws', 'lib/chef', 'lib/local', 'lib/config'],
  },
  'lib/cli': { layers: ['lib/config', 'lib/runtime', 'lib/model'], types: ['lib/sync'] },
  functions: { layers: ['lib/runtime', 'lib/sync', 'lib/model'] },
  cdk: { layers: ['lib/config'] },
};

/** Time, chance and surroundings come through ports; anything else would make two runs of a simulation differ. */
const IMPURE =
  /\b(?:Date\.now|new Date\(\)|Math\.random|process\.|performance\.|crypto\.random|randomBytes|randomUUID|set(?:Timeout|Interval|Immediate)\b|fetch\()/;

const PORTS = ['chef-org.ts', 'clock.ts', 'ledger.ts', 'pair-state.ts', 'work-queue.ts'];

const TOP_LEVEL = [
  ...['package.json', 'tsconfig.json', 'cdk.json', 'README.md', 'cdk', 'functions', 'lib', 'test', 'docs', '.ci'],
  ...['LICENSE', 'CHANGELOG.md', 'CONTRIBUTING.md'],
  // The tools' own.
  ...['package-lock.json', 'biome.json', 'vitest.config.ts', '.gitignore', '.git'],
];

/** One source of the project: its path from the top, and its text. */
interface Source {
  readonly path: string;
  readonly text: string;
}

const sources = (...folders: readonly string[]): Source[] =>
  readdirSync(ROOT, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && folders.includes(entry.name))
    .flatMap(({ name }) =>
      readdirSync(posix.join(ROOT, name), { recursive: true, encoding: 'utf8' }).map((file) => `${name}/${file}`),
    )
    .filter((path) => path.endsWith('.ts'))
    .map((path) => ({ path, text: readFileSync(posix.join(ROOT, path), 'utf8') }));

const layerOf = (path: string): string =>
  path
    .split('/')
    .slice(0, path.startsWith('lib/') ? 2 : 1)
    .join('/');

const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(?<=^|\s)\/\/.*$/gm, '');

const STATIC_IMPORT =
  /\b(?:import|export)\s+(?:(?<type>type\s)?[^'"();=]*?\bfrom\s+)?(?<quote>['"])(?<specifier>[^'"]+)\k<quote>/g;
const DYNAMIC_IMPORT = /\bimport\(\s*(?<quote>['"])(?<specifier>[^'"]+)\k<quote>/g;

interface Import {
  readonly specifier: string;
  readonly isTypeOnly: boolean;
}

function importsOf(text: string): Import[] {
  const code = withoutComments(text);
  return [...code.matchAll(STATIC_IMPORT), ...code.matchAll(DYNAMIC_IMPORT)].map(({ groups }) => ({
    specifier: groups?.['specifier'] ?? '',
    isTypeOnly: groups?.['type'] !== undefined,
  }));
}

/** What a source breaks of the rule, one line each. */
function violations({ path, text }: Source): string[] {
  const layer = layerOf(path);
  const allowed = ALLOWED[layer];
  if (allowed === undefined) return [`${path} is in no layer of the table`];
  const wrong = importsOf(text).filter(({ specifier, isTypeOnly }) => {
    if (!specifier.startsWith('.')) return allowed.packages?.includes(specifier) === false;
    const target = layerOf(posix.join(posix.dirname(path), specifier));
    return target !== layer && !allowed.layers.includes(target) && !(isTypeOnly && allowed.types?.includes(target));
  });
  const found = wrong.map(({ specifier }) => `${path} imports ${specifier}`);
  const impure = allowed.packages === undefined ? undefined : IMPURE.exec(withoutComments(text))?.[0];
  return impure === undefined ? found : [...found, `${path} uses ${impure}`];
}

/** Files that import each other in a circle, or lie between two circles; types count like everything else. */
function inCircles(all: readonly Source[]): string[] {
  const imports = new Map(
    all.map(({ path, text }) => [
      path,
      importsOf(text).map(({ specifier }) => posix.join(posix.dirname(path), specifier)),
    ]),
  );
  for (let before = -1; before !== imports.size; ) {
    before = imports.size;
    const imported = new Set([...imports.values()].flat());
    for (const [path, targets] of imports) {
      if (!imported.has(path) || !targets.some((target) => imports.has(target))) imports.delete(path);
    }
  }
  return [...imports.keys()];
}

describe('the direction of dependencies', () => {
  test('holds for every source', () => {
    expect(sources('lib', 'functions', 'cdk').flatMap(violations)).toEqual([]);
  });

  test('is one way between any two files too', () => {
    expect(inCircles(sources('lib', 'functions', 'cdk'))).toEqual([]);
  });

  test('finds the files of a circle, and none beside it', () => {
    const importing = (path: string, target: string): Source => ({ path, text: `import type { X } from '${target}';` });
    const circle = [
      importing('lib/a.ts', './b.ts'),
      importing('lib/b.ts', './c/d.ts'),
      importing('lib/c/d.ts', '../a.ts'),
    ];
    const beside = [importing('lib/user.ts', './a.ts'), importing('lib/b2.ts', './c2.ts')];
    expect(inCircles([...circle, ...beside])).toEqual(['lib/a.ts', 'lib/b.ts', 'lib/c/d.ts']);
  });

  test('is checked on what is really there', () => {
    const checked = sources('lib');
    expect(new Set(checked.map(({ path }) => layerOf(path)))).toContain('lib/sync');
    expect(checked.flatMap(({ text }) => importsOf(text)).length).toBeGreaterThan(200);
  });

  test.each<[string, string, string]>([
    ['lib/model/side.ts', "import { coalesceEvents } from '../plan/coalesce-events.ts';", 'coalesce-events'],
    ['lib/model/side.ts', "import { createHash } from 'node:crypto';", 'node:crypto'],
    ['lib/plan/backoff.ts', "import type { Clock } from '../ports/clock.ts';", 'clock'],
    ['lib/plan/backoff.ts', "import http from 'node:http';", 'node:http'],
    ['lib/plan/backoff.ts', "import { request } from 'undici';", 'undici'],
    ['lib/plan/backoff.ts', "export { readFileSync } from 'node:fs';", 'node:fs'],
    ['lib/plan/backoff.ts', "import 'node:net';", 'node:net'],
    ['lib/plan/backoff.ts', "const https = await import('node:https');", 'node:https'],
    ['lib/plan/backoff.ts', "import {\n  DynamoDBClient,\n} from '@aws-sdk/client-dynamodb';", 'dynamodb'],
    ['lib/sync/poll-pair.ts', "import { createChefOrg } from '../chef/chef-org.ts';", 'chef-org'],
    ['lib/sync/poll-pair.ts', "import type { Row } from '../aws/dynamo-ledger.ts';", 'dynamo-ledger'],
    ['lib/sync/poll-pair.ts', "export * from '../local/sqlite-ledger.ts';", 'sqlite-ledger'],
    ['lib/local/sandbox-chef-server/server.ts', "import { pollPair } from '../../sync/poll-pair.ts';", 'poll-pair'],
    ['lib/cli/run.ts', "import { pollPair } from '../sync/poll-pair.ts';", 'poll-pair'],
    ['cdk/app.ts', "import type { PairRules } from '../lib/sync/pair-context.ts';", 'pair-context'],
    ['lib/runtime/poller.ts', "import { handler } from '../../functions/poller.ts';", 'functions'],
    ['lib/local/demo.ts', "import { createMemoryLedger } from '../../test/support/memory-ledger.ts';", 'memory-ledger'],
    ['lib/plan/backoff.ts', 'const now = Date.now();', 'Date.now'],
    ['lib/plan/backoff.ts', 'const random = Math.random();', 'Math.random'],
    ['lib/model/side.ts', "const home = process.env['HOME'];", 'process.'],
    ['lib/sync/poll-pair.ts', 'setTimeout(() => {}, 1);', 'setTimeout'],
    ['lib/helpers/text.ts', '', 'no layer'],
  ])('a wrong line in %s is found: %s', (path, text, named) => {
    expect(violations({ path, text })).toEqual([expect.stringContaining(named)]);
  });

  test.each<[string, string]>([
    ['lib/cli/run.ts', "import type { PollReport } from '../sync/poll-pair.ts';"],
    ['lib/config/schema.ts', "import { globProblem } from '../plan/object-filter.ts';"],
    ['lib/runtime/poller.ts', "import { createChefOrg } from '../chef/chef-org.ts';"],
    ['lib/plan/backoff.ts', "// Not Date.now: the clock is a port.\nexport const FROM = 'node:http';"],
    ['lib/chef/http.ts', "import { Pool } from 'undici';"],
  ])('a right line in %s is left alone: %s', (path, text) => {
    expect(violations({ path, text })).toEqual([]);
  });
});

test('there are exactly five ports', () => {
  expect(readdirSync(`${ROOT}/lib/ports`).sort()).toEqual(PORTS);
});

test('the top level holds only what was agreed upon', () => {
  const ignored = readFileSync(`${ROOT}/.gitignore`, 'utf8').split('\n').filter(Boolean);
  const isIgnored = picomatch(ignored.map((line) => line.replace(/\/$/, '')));
  expect(readdirSync(ROOT).filter((name) => !TOP_LEVEL.includes(name) && !isIgnored(name))).toEqual([]);
});
