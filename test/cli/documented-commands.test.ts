import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runHere } from './run-here.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DOCS = readdirSync(`${ROOT}docs`).filter((name) => name.endsWith('.md'));

/** Every `chef-sync-ctl COMMAND …` of a page that stands in code, to the end of it. */
const commandsOf = (page: string): readonly string[] => {
  const text = readFileSync(ROOT + page, 'utf8');
  const matches = text.matchAll(/(?:^(?: {4})?|`|`?npx |\()chef-sync-ctl ([a-z][\w-]*[^`\n#|)]*)/gm);
  return [...matches].map(([, words = '']) => words);
};

test.each(['README.md', ...DOCS.map((name) => `docs/${name}`)])(
  '%s names no command and no option that there is not',
  async (page) => {
    for (const words of commandsOf(page)) {
      const [command = ''] = words.split(' ');
      const { stdout } = await runHere(command, '--help');
      expect(stdout, words).toMatch(new RegExp(`^Usage: chef-sync-ctl (\\S+\\|)?${command}[| ]`));
      for (const [option] of words.matchAll(/--[a-z][a-z-]*/g)) expect(stdout, words).toContain(` ${option}`);
    }
  },
);

test('the commands of a page are found', () => {
  expect(commandsOf('README.md').length).toBeGreaterThan(30);
  expect(commandsOf('docs/operations.md').length).toBeGreaterThan(20);
});
