import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { refusal, type SyncError } from '../model/sync-error.ts';
import type { Operator } from '../runtime/operator.ts';
import { systemClock } from '../runtime/system-clock.ts';
import { explainError } from './explain-error.ts';
import { refreshPauseMs } from './progress-line.ts';
import { WEB_PAGE_FILES } from './web-page-files.ts';
import { createWebStatus } from './web-status.ts';

/** A page of live status on this machine. */
export interface WebPage {
  /** `http://127.0.0.1:PORT/` */
  readonly url: string;
  close(): Promise<void>;
}

const LOOK_EVERY_MS = 5_000;
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cache-Control': 'no-store',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
};

/**
 * Serves the status page on 127.0.0.1, port 0 for any free one, until it is closed. `open` opens the pairs' home anew for each look, so a
 * configuration that changes is followed. Commands that an error names end in `address`. It changes nothing, and answers only requests that
 * name this machine: another site's page whose name was made to point here is refused. Throws a `SyncError` when the port is taken.
 */
export async function serveWebPage(port: number, open: () => Promise<Operator>, address: string): Promise<WebPage> {
  const status = createWebStatus();
  let shown: Readonly<Record<string, unknown>> = { version: 1, at: '', summary: 'Reading the state…', pairs: [] };
  const look = async (): Promise<void> => {
    try {
      const operator = await open();
      try {
        shown = await status.look(operator, systemClock.now());
      } finally {
        operator.close();
      }
    } catch (error) {
      shown = { ...shown, problem: explainError(error, false, address).lines.join(' ') };
    }
  };

  const server = createServer((request, response) => answer(request, response, () => shown));
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    throw portProblem(port, error);
  }
  const ending = new AbortController();
  const looking = (async () => {
    while (!ending.signal.aborted) {
      const startedAt = systemClock.now();
      await look();
      await systemClock.sleep(refreshPauseMs(systemClock.now() - startedAt, LOOK_EVERY_MS), ending.signal);
    }
  })();
  return {
    url: `http://127.0.0.1:${portOf(server.address())}/`,
    async close() {
      ending.abort();
      server.close();
      server.closeAllConnections();
      await looking;
    },
  };
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  shown: () => Readonly<Record<string, unknown>>,
): void {
  const { status, type, text } = answerTo(request, shown);
  response.writeHead(status, { ...HEADERS, 'Content-Type': type, 'Content-Length': Buffer.byteLength(text) });
  response.end(request.method === 'HEAD' ? undefined : text);
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

function answerTo(
  { method, url = '/', headers, socket }: IncomingMessage,
  shown: () => Readonly<Record<string, unknown>>,
): Answer {
  const own = ['127.0.0.1', 'localhost'].map((name) => `${name}:${socket.localPort}`);
  const refuse = (status: number, text: string): Answer => ({ status, type: 'text/plain', text });
  if (!own.includes(headers.host ?? '')) return refuse(421, `Ask for http://${own[0]}/\n`);
  if (method !== 'GET' && method !== 'HEAD') return refuse(405, 'This page only shows.\n');
  if (url === '/status.json') return { status: 200, type: 'application/json', text: JSON.stringify(shown()) };
  const file = WEB_PAGE_FILES.get(url);
  return file === undefined ? refuse(404, 'There is no such page.\n') : { status: 200, ...file };
}

const portOf = (address: AddressInfo | string | null): number =>
  typeof address === 'object' && address !== null ? address.port : 0;

function portProblem(port: number, cause: unknown): SyncError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason';
  const sentence = `The status page cannot be served on port ${port} of this machine (${code}): name another one, or none for any free one.`;
  return refusal('WEB_PORT', sentence, { cause });
}
