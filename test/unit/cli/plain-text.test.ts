import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fitLine, foldText } from '../../../lib/cli/plain-text.ts';

test('a folded text is the whole text on lines that fit, but for a word that is longer', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[a-z]{0,30}$/)), fc.integer({ min: 1, max: 40 }), (words, width) => {
      const lines = foldText(words.join(' '), width);

      expect(lines.join(' ')).toBe(words.join(' '));
      for (const line of lines) expect(line.length <= width || !line.includes(' ')).toBe(true);
    }),
  );
});

test('a folded text keeps a command on one line, so that it can be copied', () => {
  expect(foldText('try it with "chef-sync-ctl retry eu/acme", or wait', 20)).toEqual([
    'try it with',
    '"chef-sync-ctl retry eu/acme",',
    'or wait',
  ]);
});

test('a file gets a line as it is, and a terminal the whole name and as much of the rest as fits', () => {
  expect(fitLine('* /roles/web', 'description, run_list')).toBe('* /roles/web  description, run_list');
  expect(fitLine('* /roles/web', 'description, run_list', 24)).toBe('* /roles/web  descripti…');
  expect(fitLine('* /roles/web', 'description', 10)).toBe('* /roles/web');
  expect(fitLine('= /roles/web', '')).toBe('= /roles/web');
});
