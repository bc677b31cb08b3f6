import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { seededRandom } from '../../lib/local/sandbox-chef-server/seeded-random.ts';

/** What a bad line does to a connection, at a byte chosen by chance. */
export type LineFault = 'cut' | 'end' | 'stall' | 'silence' | 'corrupt';

export interface LineTrouble {
  readonly seed: number;
  readonly faults: readonly LineFault[];
}

/** A line to a server on this machine, good until told otherwise. */
export interface TcpProxy extends AsyncDisposable {
  readonly url: string;
  /** How often each fault has happened. */
  readonly happened: Readonly<Record<LineFault, number>>;
  /** Every connection from now on suffers the faults again and again; those that are open are cut. */
  begin(trouble: LineTrouble): void;
  /** The line is good again; connections that suffered are cut. */
  end(): void;
}

/** Bytes that pass before the next fault: within a head, a body, or several requests. */
const LONGEST_GOOD_PIECE = 6_000;
const STALL_MS = 120;
/** Half a connection that says no more, and a connection on which nobody says anything, is given up by the line itself. */
const SILENCE_MS = 700;

/** A fault to come: after so many more bytes of one direction. */
interface PlannedFault {
  readonly kind: LineFault;
  bytesLeft: number;
}

/** Listens on a free port of 127.0.0.1 and passes everything on to `port`. */
export async function startTcpProxy(port: number): Promise<TcpProxy> {
  const happened: Record<LineFault, number> = { cut: 0, end: 0, stall: 0, silence: 0, corrupt: 0 };
  const open = new Set<Socket>();
  let random: (() => number) | undefined;
  let faults: readonly LineFault[] = [];

  function plan(): PlannedFault | undefined {
    if (random === undefined) return undefined;
    const kind = faults[Math.floor(random() * faults.length)];
    return kind && { kind, bytesLeft: Math.floor(random() * LONGEST_GOOD_PIECE) };
  }

  function cutAll(): void {
    for (const socket of open) socket.destroy();
  }

  /** Passes the bytes of one direction on. */
  function pass(from: Socket, to: Socket): void {
    let fault = plan();
    let isSilent = false;
    from.on('data', (piece) => {
      if (isSilent) return;
      if (fault === undefined || fault.bytesLeft >= piece.length) {
        if (fault !== undefined) fault.bytesLeft -= piece.length;
        to.write(piece);
        return;
      }
      const { kind, bytesLeft: at } = fault;
      fault = plan();
      happened[kind] += 1;
      if (kind === 'corrupt') {
        const spoilt = Buffer.from(piece);
        spoilt[at] = (spoilt[at] ?? 0) ^ 1;
        to.write(spoilt);
        return;
      }
      to.write(piece.subarray(0, at));
      if (kind === 'cut') from.resetAndDestroy();
      if (kind === 'end') to.end();
      if (kind === 'end' || kind === 'silence') isSilent = true;
      if (kind !== 'stall') return;
      from.pause();
      setTimeout(() => {
        to.write(piece.subarray(at));
        from.resume();
      }, STALL_MS);
    });
    from.on('end', () => to.end());
    from.on('close', () => to.destroy());
    from.on('error', () => to.destroy());
    from.setTimeout(SILENCE_MS, () => from.destroy());
  }

  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port, host: '127.0.0.1', noDelay: true });
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.once('close', () => open.delete(socket));
    }
    pass(client, upstream);
    pass(upstream, client);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');

  return {
    url: `http://127.0.0.1:${address.port}`,
    happened,
    begin(trouble) {
      random = seededRandom(trouble.seed);
      faults = trouble.faults;
      cutAll();
    },
    end() {
      random = undefined;
      cutAll();
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      cutAll();
      await closed;
    },
  };
}
