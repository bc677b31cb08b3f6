import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

/** How a server answers every request on the wire. */
export interface WireAnswer {
  readonly bytes: Buffer;
  /** The connection ends after the bytes; else it stays open for a moment and the client must know where the answer ends. */
  readonly isClosing: boolean;
}

const LONGEST_SILENCE_MS = 40;

/** A server that sends bytes as they are, HTTP or not. */
export interface CannedServer {
  readonly url: string;
  answerWith(answer: WireAnswer): void;
  close(): Promise<void>;
}

/** Listens on 127.0.0.1; it reads of a request no more than where it ends. */
export async function startCannedServer(): Promise<CannedServer> {
  let answer: WireAnswer = { bytes: Buffer.alloc(0), isClosing: true };
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    // The client may reset what it does not like.
    socket.on('error', () => socket.destroy());
    // undici looks at its time-outs once a second; who waits for more than there is must not wait so long in every run.
    socket.setTimeout(LONGEST_SILENCE_MS, () => socket.end());
    let received = '';
    socket.on('data', (piece) => {
      received += piece.toString('latin1');
      for (let end = endOfRequest(received); end !== undefined; end = endOfRequest(received)) {
        received = received.slice(end);
        socket.write(answer.bytes);
        if (answer.isClosing) socket.end();
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    answerWith(next) {
      answer = next;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function endOfRequest(received: string): number | undefined {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const length = /\r\ncontent-length: *(\d+)/i.exec(received.slice(0, headEnd))?.[1] ?? '0';
  const end = headEnd + 4 + Number(length);
  return received.length >= end ? end : undefined;
}
