import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createServer } from 'node:tls';
import { selfSignedCertificate } from '../support/self-signed-certificate.ts';

/** Something that ends TLS in front of a server, with a certificate that no known CA signed. */
export interface TlsFront extends AsyncDisposable {
  readonly url: string;
  /** The certificate, which is its own CA. */
  readonly ca: string;
}

/** Listens on 127.0.0.1 and passes the plain bytes on to this port. */
export async function startTlsFront(port: number): Promise<TlsFront> {
  const { certificate: cert, key } = selfSignedCertificate;
  const connections = new Set<Socket>();
  const server = createServer({ cert, key }, (client) => {
    const upstream = connect(port, '127.0.0.1');
    client.pipe(upstream).pipe(client);
    connections.add(client);
    for (const [end, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      end.on('error', () => other.destroy());
      end.on('close', () => other.destroy());
    }
  });
  // A client that refuses the certificate ends the handshake: that is its right, not an error here.
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the TLS front has no port');
  return {
    url: `https://127.0.0.1:${address.port}`,
    ca: cert,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const connection of connections) connection.destroy();
      await closed;
    },
  };
}
