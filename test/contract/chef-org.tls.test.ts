import { once } from 'node:events';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ChefServerSettings } from '../../lib/chef/chef-server.ts';
import { sandboxKeyPair } from '../../lib/local/sandbox-chef-server/actor-key.ts';
import { ChefRequestError } from '../../lib/model/chef-request-error.ts';
import { selfSignedCertificate } from '../support/self-signed-certificate.ts';
import { connectChefOrg } from './connect-chef-org.ts';

const { certificate, key: certificateKey } = selfSignedCertificate;

describe('TLS', () => {
  let server: Server;
  let url: string;

  beforeEach(async () => {
    server = createHttpsServer({ cert: certificate, key: certificateKey }, (_request, response) => {
      response.end('{"name":"acme","guid":"0123456789abcdef0123456789abcdef"}');
    });
    url = `https://127.0.0.1:${await listen(server)}`;
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  async function probe(settings: Partial<ChefServerSettings>): Promise<string> {
    const to = { url, user: 'sync', keyPem: sandboxKeyPair().privateKey, organization: 'acme' };
    const { org, close } = connectChefOrg(to, settings);
    try {
      return (await org.probe()).guid ?? 'no guid';
    } catch (error) {
      if (error instanceof ChefRequestError) return `${error.failure.cause}: ${error.failure.text}`;
      throw error;
    } finally {
      await close();
    }
  }

  test('a certificate that no known CA signed is refused, with what to set', async () => {
    expect(await probe({})).toMatch(
      /^tls: the certificate of 127\.0\.0\.1:\d+ does not verify .* give its CA as tls\.ca/,
    );
  });

  test('a private CA makes it trusted', async () => {
    expect(await probe({ ca: certificate })).toBe('0123456789abcdef0123456789abcdef');
  });

  test('without the check, and only then, any certificate is taken', async () => {
    expect(await probe({ isCertificateUnchecked: true })).toBe('0123456789abcdef0123456789abcdef');
  });

  test('a CA that is no certificate is refused before any request', async () => {
    await expect(probe({ ca: '-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----' })).rejects.toThrow(
      /holds no certificate in PEM form/,
    );
  });

  describe('through the proxy of the environment', () => {
    let proxy: Server;
    let proxyUrl: string;
    let tunnels: string[];
    let sockets: Socket[];

    beforeEach(async () => {
      tunnels = [];
      sockets = [];
      proxy = createHttpServer();
      proxy.on('connect', (request, socket) => {
        tunnels.push(request.url ?? '');
        const [host = '', port] = (request.url ?? '').split(':');
        const upstream = connect(Number(port), host, () => {
          socket.write('HTTP/1.1 200 OK\r\n\r\n');
          upstream.pipe(socket).pipe(upstream);
        });
        for (const end of [upstream, socket]) end.on('error', () => upstream.destroy());
        sockets.push(upstream);
      });
      proxyUrl = `http://127.0.0.1:${await listen(proxy)}`;
    });
    afterEach(() => {
      for (const socket of sockets) socket.destroy();
      proxy.closeAllConnections();
      proxy.close();
    });

    test('the private CA holds there too, and an unknown certificate is refused there too', async () => {
      const environment = { HTTPS_PROXY: proxyUrl };
      expect(await probe({ ca: certificate, environment })).toBe('0123456789abcdef0123456789abcdef');
      expect(tunnels).toEqual([new URL(url).host]);
      expect(await probe({ environment })).toMatch(/^tls:/);
    });

    test('hosts of NO_PROXY are reached directly', async () => {
      const environment = { HTTPS_PROXY: proxyUrl, NO_PROXY: '127.0.0.1' };
      expect(await probe({ ca: certificate, environment })).toBe('0123456789abcdef0123456789abcdef');
      expect(tunnels).toEqual([]);
    });
  });
});

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}
