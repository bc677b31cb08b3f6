import type { ServerResponse } from 'node:http';
import type { Answer } from './answer.ts';
import type { FaultAction } from './fault-switches.ts';

/** Puts an answer on the wire, spoiled as the fault action says. Header and small bodies leave in one packet. */
export function sendAnswer(response: ServerResponse, answer: Answer, fault: FaultAction | undefined): void {
  const body = spoiltBody(answer.body, fault);
  // A 204 has no length: a client that reads one would wait for a body.
  const length = answer.status === 204 ? {} : { 'content-length': Buffer.byteLength(body) };
  response.writeHead(answer.status, { ...answer.headers, ...length });

  if (fault?.kind === 'drop-mid-body' || fault?.kind === 'truncate') {
    const half = Buffer.from(body).subarray(0, Math.floor(Buffer.byteLength(body) / 2));
    const { socket } = response;
    response.write(half, () => (fault.kind === 'truncate' ? socket?.end() : socket?.resetAndDestroy()));
    return;
  }
  response.end(body);
}

function spoiltBody(body: string | Buffer, fault: FaultAction | undefined): string | Buffer {
  if (fault?.kind === 'corrupt') return withMiddleByte(Buffer.from(body), (byte) => byte ^ 1);
  if (fault?.kind === 'invalid-utf8') return withMiddleByte(Buffer.from(body), () => 0xff);
  return body;
}

/** A copy of the bytes with the middle one changed. */
export function withMiddleByte(bytes: Buffer, change: (byte: number) => number): Buffer {
  const changed = Buffer.from(bytes);
  const middle = Math.floor(changed.length / 2);
  const byte = changed[middle];
  if (byte !== undefined) changed[middle] = change(byte);
  return changed;
}
