import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keyFile } from '../../../lib/local/key-file.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chef-sync-key-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const modeOf = (path: string): number => statSync(path).mode & 0o777;

test('a key is written with its folder, for nobody else to read', async () => {
  const path = join(folder, 'keys/eu.pem');
  const file = keyFile(path);

  expect(await file.read()).toBe('empty');
  await file.write('one');

  expect(await file.read()).toEqual({ pem: 'one' });
  expect([modeOf(path), modeOf(join(folder, 'keys'))]).toEqual([0o600, 0o700]);
});

test('a key that others could read is replaced by one that they cannot, and nothing else is left', async () => {
  const path = join(folder, 'eu.pem');
  writeFileSync(path, 'one');
  chmodSync(path, 0o644);
  writeFileSync(`${path}.new`, 'of a run that was killed');
  chmodSync(`${path}.new`, 0o644);

  await keyFile(path).write('two');

  expect([readFileSync(path, 'utf8'), modeOf(path)]).toEqual(['two', 0o600]);
  expect(readdirSync(folder)).toEqual(['eu.pem']);
});

test('what a link leads to is replaced, not the link', async () => {
  writeFileSync(join(folder, 'shared.pem'), 'one');
  symlinkSync('shared.pem', join(folder, 'eu.pem'));

  await keyFile(join(folder, 'eu.pem')).write('two');

  expect(readlinkSync(join(folder, 'eu.pem'))).toBe('shared.pem');
  expect(readFileSync(join(folder, 'shared.pem'), 'utf8')).toBe('two');
});

test('a place that cannot be written or read is one sentence', async () => {
  writeFileSync(join(folder, 'file'), '');

  await expect(keyFile(join(folder, 'file/eu.pem'), 'file/eu.pem').write('one')).rejects.toThrow(
    /^The key file file\/eu\.pem cannot be written \((ENOTDIR|EEXIST)\): correct the path in the configuration, or the permissions/,
  );
  await expect(keyFile(folder, 'keys').read()).rejects.toThrow('The key file keys cannot be read (EISDIR)');
});
