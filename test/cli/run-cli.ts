import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

const CLI = fileURLToPath(new URL('../../lib/cli/chef-sync-ctl.ts', import.meta.url));
/** Each test starts a process or three; with their compiled code at hand they take half the time. */
const COMPILE_CACHE = fileURLToPath(new URL('../../node_modules/.cache/test-cli', import.meta.url));
const START = fileURLToPath(new URL('../../lib/cli/start.ts', import.meta.url));

/** A shell reports a process that a signal has ended with this much and the number of the signal. */
const SIGNALLED = 128;

/** How a command ended. */
export interface CliResult {
  /** As a shell reports it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that runs. */
export interface CliProcess {
  readonly pid: number;
  /** Resolves with the match when stdout or stderr has one; fails when the command ends without. */
  shows(pattern: RegExp): Promise<RegExpExecArray>;
  kill(signal: NodeJS.Signals): void;
  ended(): Promise<CliResult>;
}

/** How a command is started. */
export interface CliOptions {
  /** `npm start` in the place of `chef-sync-ctl`. */
  readonly isStart?: boolean;
  /** Nobody reads what it prints. */
  readonly isReaderGone?: boolean;
  readonly cwd?: string;
  /** Beside the environment of the tests, or in its place. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Starts `chef-sync-ctl` without a terminal. */
export function startCli(
  args: readonly string[],
  { isStart = false, isReaderGone = false, cwd = '/', env = {} }: CliOptions = {},
): CliProcess {
  const child = spawn(process.execPath, [isStart ? START : CLI, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', NODE_COMPILE_CACHE: COMPILE_CACHE, ...env },
  });
  const output = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text;
    });
  }
  if (isReaderGone) child.stdout.destroy();
  const closed = once(child, 'close');
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    pid: child.pid ?? 0,
    async shows(pattern) {
      for (;;) {
        const found = pattern.exec(output.stdout) ?? pattern.exec(output.stderr);
        if (found !== null) return found;
        if (hasEnded()) throw new Error(`ended without ${pattern}: ${output.stdout}${output.stderr}`);
        await wait(20);
      }
    },
    kill: (signal) => void child.kill(signal),
    async ended() {
      await closed;
      return { code: child.exitCode ?? SIGNALLED + constants.signals[child.signalCode ?? 'SIGKILL'], ...output };
    },
  };
}

/** Runs a command to its end. Whatever it does, it never shows a stack trace. */
export const runCli = (...args: readonly string[]): Promise<CliResult> => runCliWith({}, ...args);

/** As {@link runCli}, started in another way. */
export async function runCliWith(options: CliOptions, ...args: readonly string[]): Promise<CliResult> {
  const result = await startCli(args, options).ended();
  expect(result.stdout + result.stderr).not.toMatch(/^\s+at .*\d+:\d+\)?$/m);
  return result;
}
