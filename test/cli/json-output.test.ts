import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fieldsOf, JSON_SHAPES } from './json-shapes.ts';
import { type ReplicatedServers, startReplicatedServers } from './replicated-servers.ts';
import { runHere } from './run-here.ts';
import { startUnpreparedServers, type UnpreparedServers } from './unprepared-servers.ts';

type Heading = keyof typeof JSON_SHAPES;

const page = readFileSync(fileURLToPath(new URL('../../docs/json-output.md', import.meta.url)), 'utf8');

let servers: ReplicatedServers;
let unprepared: UnpreparedServers;
beforeAll(async () => {
  [servers, unprepared] = await Promise.all([startReplicatedServers(['eu', 'us']), startUnpreparedServers()]);
});
afterAll(async () => {
  await servers[Symbol.asyncDispose]();
  await unprepared[Symbol.asyncDispose]();
});

/** Fails with zod's own words when a line of the output is not as described. */
async function expectShape(heading: Heading, ...args: readonly string[]): Promise<void> {
  const { stdout, stderr } = await runHere(...args, '--json', '--config', servers.configFile);
  expect(stdout, stderr).not.toBe('');
  for (const line of stdout.trim().split('\n')) {
    expect(JSON_SHAPES[heading].safeParse(JSON.parse(line)).error?.issues ?? []).toEqual([]);
  }
}

test('the output of every command is as the page describes it, when all is well and when it is not', async () => {
  await expectShape('sync-status', 'sync-status');
  await expectShape('plan', 'plan', 'eu/acme');
  const [eu] = servers.replicas;
  eu?.faults.when(
    { method: 'POST', path: /roles/ },
    { kind: 'answer', status: 413, body: '{"error":"x"}' },
    { times: 1 },
  );
  eu?.organization('acme').putRole('own', {});
  await servers.replicas[1]?.stop();
  for (let n = 0; n < 30; n += 1) servers.primary.organization('acme').putRole(`old-${n}`, {});
  await expectShape('run --once', 'run', '--once');
  for (let n = 0; n < 30; n += 1) servers.primary.organization('acme').deleteRole(`old-${n}`);
  await expectShape('run --once', 'run', '--once');
  await expectShape('sync-status', 'sync-status');
  await expectShape('unsynced-objects', 'unsynced-objects', 'eu/acme', '--limit', '2');
  await expectShape('check', 'check', 'eu/acme', '--equal', '--show-values');
  await expectShape('plan', 'plan', 'eu/acme');
  const steer = 'sync-stop, sync-start, retry, notify, resync, approve-deletes, forget';
  for (const args of [
    ['retry', 'eu/acme'],
    ['notify', 'eu/acme', '/roles/web'],
    ['sync-stop', '--all'],
    ['sync-start', '--all'],
    ['resync', 'eu/acme'],
  ]) {
    await expectShape(steer, ...args);
  }
  await expectShape('repair', 'repair', 'eu/acme');
  await expectShape('doctor', 'doctor');
  await expectShape('reconfigure', 'reconfigure');
  await expectShape('sync-log, manager-log', 'sync-log', 'eu/acme');
  await expectShape('sync-log, manager-log', 'manager-log');
});

test('so is that of the commands that begin', async () => {
  const { primary, replica, configFile } = unprepared;
  const prepared = await unprepared.prepare('--json');
  const addresses = ['--primary', primary.url, '--replica', `eu=${replica.url}`, '--organization', 'acme'];
  const written = await runHere('init', '--config', configFile, '--force', ...addresses, '--json');

  expect(JSON_SHAPES['prepare-org'].safeParse(JSON.parse(prepared.stdout)).error?.issues ?? []).toEqual([]);
  expect(JSON_SHAPES.init.safeParse(JSON.parse(written.stdout)).error?.issues ?? []).toEqual([]);
});

/** What a section names, and what the sections name that it refers to. */
function namesIn(heading: string): ReadonlySet<string> {
  const [, after = ''] = page.split(`\n## ${heading}\n`);
  const [section = ''] = after.split('\n## ', 1);
  const names = [...section.matchAll(/`([^`]+)`/g)].flatMap(([, name]) => name ?? []);
  const others = [...section.matchAll(/\[`([^`]+)`\]\(#/g)].flatMap(([, other]) => [...namesIn(other ?? '')]);
  return new Set([...names, ...others]);
}

describe('the page', () => {
  test.each(Object.entries(JSON_SHAPES))('names every field of %s', (heading, shape) => {
    const general = ['version', 'at', 'exitCode', 'pairs'];
    const named = namesIn(heading);

    expect(named.size).toBeGreaterThan(0);
    expect(fieldsOf(shape).filter((field) => !named.has(field) && !general.includes(field))).toEqual([]);
  });

  test('has a section for every command that has --json', async () => {
    const { stdout } = await runHere('--help');
    const commands = [...stdout.matchAll(/^ {2}([a-z-]+)(?:\|[a-z-]+)? \[options\]/gm)].map(([, name]) => name ?? '');
    for (const command of commands) {
      const help = await runHere(command, '--help');
      if (!help.stdout.includes('--json')) continue;
      expect(page).toMatch(new RegExp(`^## .*\\b${command}\\b`, 'm'));
    }
  });
});
