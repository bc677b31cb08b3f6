import type { Server } from 'node:http';

/** The servers take any region and any credentials; clients refuse to start without. */
export const REGION = 'eu-west-1';

/** See {@link REGION}. */
export const ANY_CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };

/** Address of a server that listens on a port of 127.0.0.1. */
export function urlOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on no port');
  return `http://127.0.0.1:${address.port}`;
}
