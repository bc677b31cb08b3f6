import { appendFileSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { logFile, openLogs } from '../../../lib/runtime/open-log.ts';
import { type LogReader, type LogRecord, openLogReader } from '../../../lib/runtime/read-log.ts';

let folder: string;
let file: string;
let reader: LogReader;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chef-sync-log-'));
  file = join(folder, 'eu.acme.log');
  reader = openLogReader(file);
});
afterEach(async () => {
  await reader.close();
  rmSync(folder, { recursive: true });
});

async function added(): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  for await (const record of reader.added()) records.push(record);
  return records;
}
const lines = async (): Promise<string[]> => (await added()).map(({ line }) => line);

test('reads what a line of ours tells, and keeps any other line as it is', async () => {
  const time = '2026-11-24T07:00:00.000Z';
  writeFileSync(file, `${JSON.stringify({ level: 'warn', time, pair: 'eu/acme', objects: 3, message: 'late' })}\n`);
  appendFileSync(file, 'a note of somebody\n{"level":"loud"}\n');

  expect(await added()).toMatchObject([
    { entry: { at: Date.parse(time), level: 'warn', message: 'late', fields: { objects: 3 } } },
    { line: 'a note of somebody', entry: undefined },
    { line: '{"level":"loud"}', entry: undefined },
  ]);
});

test('shows each line once, and a line that is being written when it is complete', async () => {
  writeFileSync(file, 'one\ntw');
  expect(await lines()).toEqual(['one']);

  appendFileSync(file, 'o\nthree\n');
  expect(await lines()).toEqual(['two', 'three']);
  expect(await lines()).toEqual([]);
});

test('reads lines that are longer than a piece of the file, with letters that fall on its border', async () => {
  const long = 'é'.repeat(100_000);
  writeFileSync(file, `x${long}\nend\n`);

  expect(await lines()).toEqual([`x${long}`, 'end']);
});

test('goes on with the new file after the log was rotated, or emptied', async () => {
  writeFileSync(file, 'one\n');
  await lines();

  renameSync(file, `${file}.1`);
  writeFileSync(file, 'two\n');
  expect(await lines()).toEqual(['two']);

  writeFileSync(file, '');
  expect(await lines()).toEqual([]);
  appendFileSync(file, '3\n');
  expect(await lines()).toEqual(['3']);
});

test('reads the last lines of a file that was moved aside since the last look, before those of the new one', async () => {
  writeFileSync(file, 'one\n');
  await lines();

  appendFileSync(file, 'two\n');
  renameSync(file, `${file}.1`);
  expect(await lines()).toEqual(['two']);

  writeFileSync(file, 'three\n');
  renameSync(`${file}.1`, `${file}.2`);
  renameSync(file, `${file}.1`);
  writeFileSync(file, 'four\n');
  expect(await lines()).toEqual(['three', 'four']);
});

test('begins with the oldest of the files that were moved aside', async () => {
  writeFileSync(`${file}.2`, 'one\n');
  writeFileSync(`${file}.1`, 'two\n');
  expect(await lines()).toEqual(['one', 'two']);

  writeFileSync(file, 'three\n');
  expect(await lines()).toEqual(['three']);
});

test('shows no old file again when another program moves the log away under a name of its own', async () => {
  writeFileSync(`${file}.1`, 'old\n');
  writeFileSync(file, 'one\n');
  expect(await lines()).toEqual(['old', 'one']);

  appendFileSync(file, 'two\n');
  renameSync(file, `${file}-20261124`);
  writeFileSync(file, 'three\n');
  expect(await lines()).toEqual(['two', 'three']);
});

test('shows each line once, in order, however often the log is rotated while it is read', async () => {
  const { manager } = openLogs(join(folder, 'state.db'), { megabytes: 0.0004, keep: 1000 }, (sentence) => {
    throw new Error(sentence);
  });
  await reader.close();
  reader = openLogReader(logFile(join(folder, 'state.db')));
  const seen: string[] = [];
  let written = 0;
  const isDone = (): boolean => written === 3_000;
  const write = async (): Promise<void> => {
    while (!isDone()) {
      for (let n = written % 7; n >= 0 && !isDone(); n -= 1) manager('info', `line ${written++}`);
      // A few turns of the loop: the reader is met at every place where it waits.
      for (let turn = written % 11; turn >= 0; turn -= 1) await new Promise(setImmediate);
    }
  };
  const read = async (): Promise<void> => {
    for (;;) {
      const wasDone = isDone();
      for (const { entry } of await added()) seen.push(entry?.message ?? '');
      if (wasDone) return;
    }
  };
  manager('info', `line ${written++}`);
  await Promise.all([write(), read()]);

  expect(seen).toEqual(Array.from({ length: 3_000 }, (_, n) => `line ${n}`));
  expect(readdirSync(join(folder, 'state.db-logs')).length).toBeGreaterThan(20);
});

test('says what to do when there is no log yet', async () => {
  await expect(added()).rejects.toThrow(`There is no log ${file} yet: "chef-sync-ctl run" writes it.`);
});
