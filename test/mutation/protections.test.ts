import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROTECTIONS, testsOf } from './protections.ts';
import { removeProtection } from './remove-protection.ts';

const read = (path: string): string => readFileSync(join(import.meta.dirname, '../..', path), 'utf8');

test.each(PROTECTIONS)('the protection "$name" stands where `npm run mutate` removes it', (protection) => {
  const source = read(protection.file);

  expect(removeProtection(source, protection)).not.toBe(source);
});

test.each(PROTECTIONS)('the tests that notice when "$name" is gone exist', (protection) => {
  for (const { file, title } of testsOf(protection)) expect(read(file).split(`${title}', `)).toHaveLength(2);
});

test('a protection that moved stops the run instead of passing for removed', () => {
  const [protection] = PROTECTIONS;
  if (protection === undefined) throw new Error('there is no protection');

  expect(() => removeProtection('', protection)).toThrow(/stands 0 times in lib\/plan\/feed-cursor.ts/);
  expect(() => removeProtection(protection.text.repeat(2), protection)).toThrow(/stands 2 times/);
});
