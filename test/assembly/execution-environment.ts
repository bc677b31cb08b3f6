import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { HostAnswer, HostRequest, HostUsage } from './lambda-host.ts';

const HOST = fileURLToPath(new URL('lambda-host.ts', import.meta.url));

/** A function as the template describes it. */
export interface DeployedFunction {
  readonly name: string;
  /** Folder of the asset. */
  readonly folder: string;
  readonly timeoutSeconds: number;
  readonly environment: Readonly<Record<string, string>>;
}

/** A process with one function in it, which handles one event at a time. */
export interface ExecutionEnvironment {
  /** Rejects with the function's error, when it runs out of time, and when the process dies. */
  invoke(request: HostRequest): Promise<unknown>;
  /** Ends it in the middle of whatever it does. */
  kill(): void;
  readonly isDead: () => boolean;
}

/** Told what a process prints and what its events took. */
export interface EnvironmentListener {
  onLog(line: string): void;
  onUsage(usage: HostUsage): void;
}

/** Starts a process that knows nothing but `environment` and the bundle. */
export async function startEnvironment(
  { name, folder, environment }: DeployedFunction,
  { onLog, onUsage }: EnvironmentListener,
): Promise<ExecutionEnvironment> {
  const child = spawn(process.execPath, [HOST], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...environment, LAMBDA_TASK_ROOT: folder, AWS_LAMBDA_FUNCTION_NAME: name },
  });
  for (const output of [child.stdout, child.stderr]) {
    if (output !== null) createInterface({ input: output }).on('line', onLog);
  }
  let isDead = false;
  child.once('exit', () => {
    isDead = true;
  });
  const answer = (): Promise<HostAnswer> => nextMessage(child, name);
  await answer();
  return {
    async invoke(request) {
      const answered = answer();
      child.send(request);
      const timer = setTimeout(() => child.kill('SIGKILL'), request.timeoutSeconds * 1000);
      try {
        const reply = await answered;
        onUsage(reply.usage);
        if ('error' in reply) throw new Error(reply.error);
        return reply.result;
      } finally {
        clearTimeout(timer);
      }
    },
    kill: () => void child.kill('SIGKILL'),
    isDead: () => isDead,
  };
}

function nextMessage(child: ChildProcess, name: string): Promise<HostAnswer> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error(`the process of ${name} died`));
    child.once('exit', onExit);
    child.once('message', (message: HostAnswer) => {
      child.off('exit', onExit);
      resolve(message);
    });
  });
}
