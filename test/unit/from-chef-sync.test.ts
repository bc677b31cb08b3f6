import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readableConfigSchema } from '../../lib/config/schema.ts';

const read = (path: string): string => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');
const guide = read('docs/from-chef-sync.md');

/** What the old product's manual named. */
const CLIENT = ['master', 'replica', 'organizations', 'sync_user', 'sync_key', 'enable', 'ha', 'dir', 'socket_path'];
const SERVER = ['enable', 'ha', 'listen', 'port', 'vip', 'dir', 'db_pool_size', 'auth_skew'];
const LOGS = ['log_directory', 'log_rotation'];
const OLD_SETTINGS = [
  ...['role', 'master', 'replica', 'organizations', 'bootstrap', 'chef_base_path', 'install_path', 'name'],
  ...[...CLIENT, ...LOGS].map((name) => `ec_sync_client['${name}']`),
  ...[...SERVER, ...LOGS].map((name) => `ec_sync_server['${name}']`),
  ...['home', 'shell', 'username'].map((name) => `user['${name}']`),
];
const OLD_COMMANDS = [
  ...['prepare-org ORG', 'sync-start ORG', 'sync-stop ORG', 'sync-status', 'unsynced-objects ORG', 'sync-log ORG'],
  ...['manager-log', 'reconfigure'],
];
const OLD_LIMITS = [
  'disaster recovery',
  'source of another pair',
  'Registering nodes',
  'read-write',
  'ACLs',
  'Chef Server 12',
];

/** First and second cell of each row below a heading. */
function rows(heading: string): ReadonlyMap<string, string> {
  const [, section = ''] = guide.split(`\n## ${heading}\n`);
  const [body = ''] = section.split('\n## ', 1);
  return new Map([...body.matchAll(/^\| `(.+?)` \| (.+) \|$/gm)].map(([, old = '', now = '']) => [old, now] as const));
}

describe('the page for those who come from the old product', () => {
  test('says of every setting what takes its place', () => {
    expect([...rows('Settings of `chef-sync.rb`').keys()].sort()).toEqual([...OLD_SETTINGS].sort());
  });

  test('says of every subcommand what takes its place', () => {
    expect([...rows('Subcommands').keys()].sort()).toEqual([...OLD_COMMANDS].sort());
  });

  test('names what the product is not for', () => {
    for (const limit of OLD_LIMITS) expect(guide).toContain(limit);
  });

  test('names only settings that there are', () => {
    const schema = read('docs/chef-sync.schema.json');
    const named = [...rows('Settings of `chef-sync.rb`').values()].flatMap((now) =>
      [...now.matchAll(/`((?:primary|replicas|local|organizations|bootstrap|requestsInFlight)[\w.]*)`/g)].flatMap(
        ([, name = '']) => name.split('.').filter((part) => part !== 'NAME'),
      ),
    );
    expect(named.length).toBeGreaterThan(10);
    for (const name of named) expect(schema).toContain(`"${name}"`);
    expect(readableConfigSchema.parse({}).local.logs).toEqual({ megabytes: 10, keep: 5 });
  });

  test('is linked from the README', () => {
    expect(read('README.md')).toContain('](docs/from-chef-sync.md)');
  });
});
