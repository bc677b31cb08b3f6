import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { createActorKey, sandboxKeyPair } from './actor-key.ts';
import type { Answer } from './answer.ts';
import { type ApiVersions, apiVersionHeader } from './api-version.ts';
import { createChefApi } from './chef-api.ts';
import { type FaultAction, FaultSwitches } from './fault-switches.ts';
import { createFileStorage } from './file-storage.ts';
import { type OrganizationHandle, organizationHandle } from './organization-handle.ts';
import { giveRights, type OrganizationRights } from './organization-rights.ts';
import { type OrganizationSnapshot, OrganizationStore } from './organization-store.ts';
import { RequestLog } from './request-log.ts';
import { sendAnswer, withMiddleByte } from './send-answer.ts';
import { ServerDirectory } from './server-directory.ts';
import { createUserWithKey } from './users.ts';

export interface SandboxChefServerOptions {
  /** Names of the organizations that exist from the start. Default: none. */
  readonly organizations?: readonly string[];
  /** One organization, reached without `/organizations/ORG`, as on older and embedded servers. */
  readonly withoutOrganizations?: boolean;
  /** Whether `updated_since` is served. Default: no, as on every server of today. */
  readonly feed?: boolean;
  /** Default: a free port. */
  readonly port?: number;
  /** How long a write takes to show in search. Default 0. */
  readonly searchIndexDelayMs?: number;
  /** Default 2,000,000, as Chef Infra Server is configured. */
  readonly maxJsonBytes?: number;
  /** Lifetime of the URLs of uploads. Default 900. */
  readonly uploadUrlSeconds?: number;
  /** Lifetime of the URLs of downloads. Default 28,800. */
  readonly downloadUrlSeconds?: number;
  /** Default 0–2, refused as Chef Infra Server does. */
  readonly apiVersions?: ApiVersions;
  /** How long the server takes between its look for a row and the insert: two at once, and one fails. Default 2. */
  readonly insertMs?: number;
  /** The server's clock in milliseconds. Default: the machine's. */
  readonly now?: () => number;
}

export interface AddUserOptions {
  /**
   * What the user may do in every organization that there is, and in each that is added here later, until `setRights`
   * says something else; default `admin`. In an organization made over HTTP nobody has rights.
   */
  readonly rights?: OrganizationRights;
  /** As `pivotal`: may do everything everywhere, and belongs to no organization unless `rights` says so. */
  readonly isSuperuser?: boolean;
}

/** A Chef Infra Server in memory, listening on 127.0.0.1. */
export interface SandboxChefServer {
  /** `http://127.0.0.1:PORT`, without an organization. */
  readonly url: string;
  readonly port: number;
  /** The switches that make the server misbehave. */
  readonly faults: FaultSwitches;
  readonly requests: RequestLog;
  /** Adds or replaces a user with the key pair that all such users of the process share; returns the private key in PEM. */
  addUser(name: string, options?: AddUserOptions): string;
  /** Adds or replaces a user who has a key pair already. */
  addUserWithKey(name: string, publicKeyPem: string, options?: AddUserOptions): void;
  removeUser(name: string): void;
  /** Makes or replaces a client of an organization, with the key pair of `addUser`; returns the private key in PEM. */
  addClient(name: string, organization: string): string;
  setRights(user: string, organization: string, rights: OrganizationRights): void;
  addOrganization(name: string): OrganizationHandle;
  removeOrganization(name: string): void;
  /** The handle of an existing organization; the name may be left out when the server is without organizations. */
  organization(name?: string): OrganizationHandle;
  /** Puts a new, empty organization with a new guid in the place of the old one. */
  replaceOrganization(name: string): OrganizationHandle;
  /** Takes an organization back to a snapshot, guid and feed included: a server restored from an older backup. */
  restoreOrganization(name: string, snapshot: OrganizationSnapshot): OrganizationHandle;
  /** Closes every connection and the port. Never fails when it is stopped already. */
  stop(): Promise<void>;
}

/** The name under which a server without organizations keeps its only one. */
const onlyOrganizationName = 'default';

/** Starts a sandbox server; it listens when the promise resolves. */
export async function startSandboxChefServer(options: SandboxChefServerOptions = {}): Promise<SandboxChefServer> {
  const now = options.now ?? Date.now;
  const apiVersions = options.apiVersions ?? { min: 0, max: 2 };
  const faults = new FaultSwitches();
  const requests = new RequestLog();
  const onlyOrganization = options.withoutOrganizations ? onlyOrganizationName : undefined;
  const searchVisibleAtMs = () => now() + (options.searchIndexDelayMs ?? 0);
  const directory = new ServerDirectory(
    (name, snapshot) => new OrganizationStore(name, options.feed ?? false, searchVisibleAtMs, snapshot),
  );
  const handleOf = (name: string): OrganizationHandle => organizationHandle(name, () => directory.organization(name));
  for (const name of onlyOrganization === undefined ? (options.organizations ?? []) : [onlyOrganization]) {
    directory.addOrganization(name);
  }

  const files = createFileStorage({
    uploadUrlSeconds: options.uploadUrlSeconds ?? 900,
    downloadUrlSeconds: options.downloadUrlSeconds ?? 28_800,
    checksumsOf: (guid) => [...directory.organizations.values()].find((store) => store.guid === guid)?.checksums,
    kind: () => faults.fileStorage,
  });
  const api = createChefApi({
    directory,
    onlyOrganization,
    apiVersions,
    maxJsonBytes: options.maxJsonBytes ?? 2_000_000,
    insertMs: options.insertMs ?? 2,
    files,
    faults,
    now,
  });

  const answer = async (
    incoming: IncomingMessage,
    fault: FaultAction | undefined,
    inFlight: number,
  ): Promise<Answer> => {
    const received = await readBody(incoming);
    if (fault?.kind === 'answer') return fixedAnswer(fault, apiVersions);
    if (fault?.kind === 'delay') await wait(fault.ms);
    const [path = '', queryText = ''] = (incoming.url ?? '').split(/\?(.*)/s, 2);
    const body = fault?.kind === 'keep-wrong-bytes' ? withMiddleByte(received, (byte) => byte ^ 1) : received;
    const request = {
      method: incoming.method ?? '',
      path,
      query: new URLSearchParams(queryText),
      headers: incoming.headers,
      body,
    };
    return path.startsWith('/bookshelf/') ? files.answer(request, now()) : api({ ...request, inFlight });
  };

  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const at = now();
    const method = incoming.method ?? '';
    const path = incoming.url ?? '';
    const user = incoming.headers['x-ops-userid'];
    const log = (status: number) =>
      requests.entries.push({ method, path, status, user: typeof user === 'string' ? user : '', at });
    const inFlight = requests.arrive();
    response.once('close', () => requests.leave());

    const fault = faults.take(method, path);
    if (fault?.kind === 'hang' || fault?.kind === 'drop-request') {
      log(0);
      if (fault.kind === 'drop-request') incoming.socket.resetAndDestroy();
      return;
    }
    const result = await answer(incoming, fault, inFlight);
    if (fault?.kind === 'drop-answer') {
      log(0);
      incoming.socket.resetAndDestroy();
      return;
    }
    log(result.status);
    response.setHeader('date', new Date(now()).toUTCString());
    sendAnswer(response, result, fault);
  };

  const server = createServer({ noDelay: true, keepAliveTimeout: 60_000, requestTimeout: 0 }, (incoming, response) => {
    // The only failure is a body that the client broke off: there is nobody left to answer.
    serve(incoming, response).catch(() => response.destroy());
  });
  server.listen(options.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('the sandbox server has no port');

  const addUserWithKey = (name: string, publicKeyPem: string, options: AddUserOptions = {}): void => {
    const { isSuperuser = false, rights = isSuperuser ? 'not associated' : 'admin' } = options;
    directory.addUser(createUserWithKey(name, publicKeyPem, isSuperuser), rights);
  };

  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    faults,
    requests,
    addUser: (name, options) => {
      const { publicKey, privateKey } = sandboxKeyPair();
      addUserWithKey(name, publicKey, options);
      return privateKey;
    },
    addUserWithKey,
    removeUser: (name) => directory.removeUser(name),
    addClient: (name, organization) => {
      const { publicKey, privateKey } = sandboxKeyPair();
      directory.organization(organization).membership.addClient(name, [createActorKey('default', publicKey)], false);
      return privateKey;
    },
    setRights: (name, organization, rights) => {
      const user = directory.users.get(name);
      if (user) giveRights(directory.organization(organization).membership, user, rights);
    },
    addOrganization: (name) => {
      directory.addOrganization(name);
      return handleOf(name);
    },
    removeOrganization: (name) => {
      directory.organizations.delete(name);
    },
    organization: (name = onlyOrganizationName) => {
      directory.organization(name);
      return handleOf(name);
    },
    replaceOrganization: (name) => {
      directory.addOrganization(name);
      return handleOf(name);
    },
    restoreOrganization: (name, snapshot) => {
      directory.restoreOrganization(name, snapshot);
      return handleOf(name);
    },
    stop: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const { headers } = incoming;
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return Buffer.alloc(0);
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

function fixedAnswer(fault: FaultAction & { kind: 'answer' }, apiVersions: ApiVersions): Answer {
  const contentType = fault.contentType ?? 'application/json';
  const version = contentType === 'application/json' ? apiVersionHeader(undefined, apiVersions) : undefined;
  const versionHeader: Record<string, string> = version === undefined ? {} : { 'x-ops-server-api-version': version };
  return {
    status: fault.status,
    headers: { 'content-type': contentType, ...versionHeader, ...fault.headers },
    body: fault.body,
    isFromApi: false,
  };
}
