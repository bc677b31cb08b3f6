import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLogs } from '../../../lib/runtime/open-log.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chef-sync-log-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('a log that has reached its size begins anew, and of the old files only the newest are kept', () => {
  const lost: string[] = [];
  const logs = openLogs(join(folder, 'state.db'), { megabytes: 0.001, keep: 2 }, (sentence) => lost.push(sentence));
  const long = 'x'.repeat(600);

  for (let n = 1; n <= 8; n += 1) logs.of('eu/acme')('info', `${n} ${long}`);
  logs.manager('info', 'started');

  const numbers = (name: string): string[] =>
    [...readFileSync(join(logs.folder, name), 'utf8').matchAll(/"(\d) x/g)].map(([, number]) => number ?? '');
  expect(readdirSync(logs.folder).sort()).toEqual(['eu.acme.log', 'eu.acme.log.1', 'eu.acme.log.2', 'manager.log']);
  expect(['eu.acme.log.2', 'eu.acme.log.1', 'eu.acme.log'].map(numbers)).toEqual([
    ['3', '4'],
    ['5', '6'],
    ['7', '8'],
  ]);
  expect(lost).toEqual([]);
});
