import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { findFolderOf, searchPath } from '../support/find-executable.ts';

const CLI = fileURLToPath(new URL('../../lib/cli/chef-sync-ctl.ts', import.meta.url));
const COLUMNS = 80;

/** `script`, from bsdutils, which every Debian has, runs a command on a terminal of its own. */
export const hasTerminals = findFolderOf(['script'], searchPath()) !== undefined;

/** The key that interrupts, in the place of an answer. */
export const CTRL_C = '\u0003';

/** What is typed when what is shown matches. */
export type Typed = readonly [shown: RegExp, answer: string];

/** Runs `chef-sync-ctl` on a terminal of 80 columns where somebody types each answer when its question is there. */
export async function onTerminal(
  args: readonly string[],
  answers: readonly Typed[] = [],
): Promise<{ readonly code: number | null; readonly shown: string }> {
  const command = [process.execPath, CLI, ...args].map((word) => `'${word}'`).join(' ');
  const size = `stty columns ${COLUMNS} rows 24; exec ${command}`;
  const child = spawn('script', ['--quiet', '--return', '--command', size, '/dev/null'], {
    env: { ...process.env, TERM: 'xterm', NO_COLOR: '1' },
  });
  const waiting = [...answers];
  let shown = '';
  let unanswered = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    unanswered += text;
    const [next] = waiting;
    if (next === undefined || !next[0].test(unanswered)) return;
    waiting.shift();
    unanswered = '';
    child.stdin.write(next[1] === CTRL_C ? CTRL_C : `${next[1]}\n`);
  });
  const [code] = await once(child, 'close');
  expect(waiting, shown).toEqual([]);
  return { code: typeof code === 'number' ? code : null, shown };
}
