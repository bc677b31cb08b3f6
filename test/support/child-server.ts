import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** How to start a server as a child of this process. */
export interface ChildServerOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** Holds everything the server writes; it is also the working directory, and is removed when the server ends. */
  readonly directory: string;
  /** Runs the server as this user; only root may choose another than its own. */
  readonly user?: { readonly uid: number; readonly gid: number };
  readonly stopSignal: 'TERM' | 'QUIT';
  /** Asked every few milliseconds until it says yes. */
  readonly isReady: () => Promise<boolean>;
}

/** A running server. */
export interface ChildServer {
  /** Resolves when the process has ended and its directory is gone. May be called twice. */
  stop(): Promise<void>;
}

const startTimeoutMs = 30_000;
const readyPollMs = 10;
/** Enough for the message a server dies with. */
const keptOutputCharacters = 2_000;

/**
 * The shell becomes the server (`exec`), and a watcher beside it waits for the end of standard input. The kernel closes that pipe
 * however this process ends, `kill -9` included, so a broken test run leaves neither servers nor directories behind. The watcher
 * alone keeps standard output open: its end tells that the cleaning up is done. It waits 2 s at most, because a dead server whose
 * new parent is slow to take notice still looks alive.
 */
const watchedStart = `
  directory=$1 signal=$2; shift 2
  exec 3<&0
  (
    cat <&3
    kill -s "$signal" $$
    for _ in $(seq 40); do kill -0 $$ || break; sleep 0.05; done
    kill -s KILL $$
    rm -rf "$directory"
  ) 2>/dev/null &
  exec "$@" 3<&- </dev/null >&2`;

/**
 * Starts a server and resolves when it is ready. Never outlives this process, and never keeps it from ending.
 * Fails with the server's own last words when it ends, or is not ready after 30 s.
 */
export async function startChildServer(options: ChildServerOptions): Promise<ChildServer> {
  const { command, args, directory, user, stopSignal, isReady } = options;
  const child = spawn('/bin/sh', ['-c', watchedStart, 'sh', directory, stopSignal, command, ...args], {
    cwd: directory,
    // A session of its own: Ctrl-C in the terminal must not kill the watcher before it has cleaned up.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    ...user,
  });
  const closed = once(child, 'close');
  child.once('exit', () => child.stdin.end());
  const handles = [child, ...[child.stdin, child.stdout, child.stderr].filter((stream) => stream instanceof Socket)];
  for (const handle of handles) handle.unref();

  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-keptOutputCharacters);
  });
  child.stdout.resume();

  async function stop(): Promise<void> {
    for (const handle of handles) handle.ref();
    child.stdin.end();
    await closed;
  }

  const deadline = Date.now() + startTimeoutMs;
  while (!(await isReady())) {
    const hasEnded = child.exitCode !== null || child.signalCode !== null;
    if (hasEnded || Date.now() > deadline) {
      await stop();
      const what = hasEnded ? 'ended before it was ready' : `was not ready after ${startTimeoutMs / 1000} s`;
      throw new Error(`${command} ${what}; its last output: ${output.trim() || '(none)'}`);
    }
    await sleep(readyPollMs);
  }
  return { stop };
}
