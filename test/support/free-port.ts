import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/**
 * Below 32768, where Linux begins to hand out ports for outgoing connections: the many connections of a test run could
 * otherwise take a port between this check and the server's start.
 */
const lowestPort = 20_000;
const highestPort = 32_000;

/** Resolves to a port of 127.0.0.1 on which nothing listens. Chosen at random, so that parallel test processes do not meet. */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = lowestPort + Math.floor(Math.random() * (highestPort - lowestPort));
    if (await isFree(port)) return port;
  }
}

/** Whether something accepts connections on this port of 127.0.0.1. */
export async function acceptsConnections(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
