import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type LogReader, type LogRecord, openLogReader } from '../../../lib/runtime/read-log.ts';

let folder: string;
let file: string;
let reader: LogReader;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chef-sync-log-'));
  file = join(folder, 'eu.acme.log');
  reader = openLogReader(file);
});
afterEach(() => rmSync(folder, { recursive: true }));

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

test('says what to do when there is no log yet', async () => {
  await expect(added()).rejects.toThrow(`There is no log ${file} yet: "chef-sync-ctl run" writes it.`);
});
