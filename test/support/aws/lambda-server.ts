import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { type CallListener, callerOf, localArn, urlOf } from './local-aws.ts';

/** A function by its event. */
type Invoked = (event: unknown) => Promise<unknown>;

/** What Lambda answers in the place of a function. */
export interface LambdaFault {
  readonly status: number;
  /** Name of the exception. */
  readonly type: string;
  readonly message: string;
}

/** As much of Lambda as `Invoke` needs, on a free port of 127.0.0.1. */
export interface LambdaServer {
  readonly url: string;
  /** Names of the functions that were invoked, in their order. */
  readonly invoked: readonly string[];
  /** Sizes of the answers so far, in bytes. */
  readonly answerBytes: readonly number[];
  /** Puts another function in the place of one, as a deployment does. */
  deploy(name: string, run: Invoked): void;
  /** From now on the caller with this access key may invoke these functions and no others. Whoever was never named may invoke all. */
  permit(caller: string, functionNames: readonly string[]): void;
  /** From now on every invocation is answered so; undefined: as the functions do. */
  failWith(fault: LambdaFault | undefined): void;
  /** The answer to the next invocation of this function gets lost on its way; what it does is done. */
  loseAnswerOf(name: string): void;
  /** Resolves when no invocation is under way any more, asynchronous ones too. */
  idle(): Promise<void>;
  stop(): void;
}

/** Starts a server that runs the functions in this process. A function that throws is answered as by Lambda: with its error, and 200. */
export async function startLambdaServer(
  deployed: Readonly<Record<string, Invoked>> = {},
  onCall?: CallListener,
): Promise<LambdaServer> {
  const functions = new Map(Object.entries(deployed));
  const invoked: string[] = [];
  const answerBytes: number[] = [];
  const running = new Set<Promise<unknown>>();
  const permitted = new Map<string, readonly string[]>();
  const lossy = new Set<string>();
  let fault: LambdaFault | undefined;

  const answerOf = async (request: IncomingMessage): Promise<Answer> => {
    const [, name = ''] = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(request.url ?? '') ?? [];
    const caller = callerOf(request.headers.authorization);
    const resource = localArn('lambda', `function:${decodeURIComponent(name)}`);
    invoked.push(decodeURIComponent(name));
    onCall?.({ caller, action: 'lambda:InvokeFunction', resource });
    const body = await text(request);
    if (fault !== undefined) return refusal(fault);
    if (permitted.get(caller)?.includes(name) === false) {
      const message = `User: ${caller} is not authorized to perform: lambda:InvokeFunction on resource: ${resource}`;
      return refusal({ status: 403, type: 'AccessDeniedException', message });
    }
    const run = functions.get(name);
    if (run === undefined) {
      const message = `Function not found: ${name}`;
      return refusal({ status: 404, type: 'ResourceNotFoundException', message });
    }
    const running1 = run(body === '' ? {} : JSON.parse(body));
    running.add(running1);
    const ended = running1.finally(() => running.delete(running1));
    if (request.headers['x-amz-invocation-type'] === 'Event') {
      ended.catch(() => undefined);
      return { status: 202, headers: {}, body: '' };
    }
    try {
      return { status: 200, headers: {}, body: JSON.stringify(await ended) ?? 'null' };
    } catch (error) {
      const { name: errorType, message: errorMessage } = error instanceof Error ? error : new Error(String(error));
      const body = JSON.stringify({ errorType, errorMessage, trace: [] });
      return { status: 200, headers: { 'x-amz-function-error': 'Unhandled' }, body };
    }
  };

  const server = createServer(async (request, response) => {
    const { status, headers, body } = await answerOf(request);
    const lost = [...lossy].find((name) => request.url?.includes(`/functions/${name}/`));
    if (lost !== undefined) {
      lossy.delete(lost);
      request.socket.destroy();
      return;
    }
    answerBytes.push(Buffer.byteLength(body));
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: urlOf(server),
    invoked,
    answerBytes,
    deploy: (name, run) => void functions.set(name, run),
    permit: (caller, functionNames) => void permitted.set(caller, functionNames),
    failWith(next) {
      fault = next;
    },
    loseAnswerOf: (name) => void lossy.add(name),
    async idle() {
      while (running.size > 0) await Promise.allSettled(running);
    },
    stop: () => void server.close(),
  };
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const refusal = ({ status, type, message }: LambdaFault): Answer => ({
  status,
  headers: { 'x-amzn-errortype': type },
  body: JSON.stringify({ Message: message }),
});
