import {
  type SandboxChefServer,
  type SandboxChefServerOptions,
  startSandboxChefServer,
} from '../../lib/local/sandbox-chef-server/server.ts';

/** A sandbox Chef server for one test, with an admin of every organization; stops itself at the end of `await using`. */
export interface FakeChefServer extends SandboxChefServer, AsyncDisposable {
  /** The admin's name. */
  readonly user: string;
  /** The admin's private key in PEM. */
  readonly keyPem: string;
}

/** Starts a fake Chef server with the organization `acme` unless the options name others. */
export async function startFakeChefServer(options: SandboxChefServerOptions = {}): Promise<FakeChefServer> {
  const server = await startSandboxChefServer({ organizations: ['acme'], ...options });
  const user = 'sync';
  const keyPem = server.addUser(user);
  return { ...server, user, keyPem, [Symbol.asyncDispose]: () => server.stop() };
}
