import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { z } from 'zod';
import { readSigningKey, type SigningKey, signatureTimestamp, signRequest } from '../../lib/chef/sign-request.ts';
import { startChildServer } from './child-server.ts';
import { findFolderOf, searchPath } from './find-executable.ts';
import { acceptsConnections, findFreePort } from './free-port.ts';
import { findPostgresPrograms, type PostgresCluster, startPostgresCluster } from './postgres-cluster.ts';

/** A goiardi on a database of its own. It knows no organizations and checks every signature. */
export interface Goiardi {
  readonly url: string;
  readonly adminUser: 'admin';
  /** PKCS#1 PEM; every goiardi has its own, so a key taken for the wrong side does not go unnoticed. */
  readonly adminKeyPem: string;
  /** Makes a user and resolves to its private key (PEM). One that is no admin may read everything and write nothing. */
  createUser(name: string, options: { readonly isAdmin: boolean }): Promise<string>;
  /** Stops it and forgets its data. */
  stop(): Promise<void>;
}

const schemaFile = '/usr/share/goiardi/sql-files/sql-files/goiardi-schema-postgres.sql';

/** Whether goiardi, its schema and PostgreSQL are on this machine; starts nothing. */
export function isGoiardiInstalled(): boolean {
  return (
    findFolderOf(['goiardi'], searchPath()) !== undefined &&
    existsSync(schemaFile) &&
    findPostgresPrograms() !== undefined
  );
}

/**
 * Starts an empty goiardi on 127.0.0.1. All of one process share a PostgreSQL, started with the first one, that goes when the
 * process ends. On PostgreSQL because goiardi's memory store loses acknowledged writes and can die under parallel load.
 */
export async function startGoiardi(): Promise<Goiardi> {
  cluster ??= startClusterWithSchema();
  const postgres = await cluster;
  databasesMade += 1;
  const database = `goiardi_${databasesMade}`;
  await postgres.createDatabase(database);

  const directory = await mkdtemp(join(tmpdir(), 'chef-sync-goiardi-'));
  const port = await findFreePort();
  const fileStore = join(directory, 'files');
  await mkdir(fileStore);
  const configFile = join(directory, 'goiardi.conf');
  await writeFile(configFile, configuration({ port, fileStore, postgresPort: postgres.port, database }));
  const server = await startChildServer({
    command: 'goiardi',
    args: ['-c', configFile],
    directory,
    stopSignal: 'TERM',
    isReady: () => acceptsConnections(port),
  });
  // Written before the port opens.
  const adminKeyPem = await readFile(join(directory, 'admin.pem'), 'utf8');
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    adminUser: 'admin',
    adminKeyPem,
    createUser: (name, { isAdmin }) => createUser(url, readSigningKey('admin', adminKeyPem), name, isAdmin),
    stop: server.stop,
  };
}

const createdUser = z.object({ private_key: z.string() });

async function createUser(url: string, adminKey: SigningKey, name: string, isAdmin: boolean): Promise<string> {
  const path = '/users';
  // goiardi demands a password even of users that only sign.
  const body = JSON.stringify({ name, password: 'secret1', admin: isAdmin });
  const timestamp = signatureTimestamp(Date.now());
  const signature = await signRequest(adminKey, { method: 'POST', path, body, timestamp, apiVersion: '1' });
  const headers = { ...signature, 'Content-Type': 'application/json' };
  const response = await request(`${url}${path}`, { method: 'POST', headers, body });
  const answer = await response.body.text();
  if (response.statusCode !== 201) {
    throw new Error(`goiardi refused to make user ${name} (status ${response.statusCode}): ${answer}`);
  }
  return createdUser.parse(JSON.parse(answer)).private_key;
}

let cluster: Promise<PostgresCluster> | undefined;
let databasesMade = 0;

/** The schema goes into `template1`, which PostgreSQL copies into each new database. */
async function startClusterWithSchema(): Promise<PostgresCluster> {
  const postgres = await startPostgresCluster();
  await postgres.runSqlFile('template1', schemaFile);
  return postgres;
}

/**
 * `hostname` goes into the upload and download URLs, which would name the machine otherwise. Without `db-pool-size` each query
 * opens a connection of its own: 9 requests per second instead of 150 and more. Without `pg-search` an index file is demanded.
 */
function configuration(options: { port: number; fileStore: string; postgresPort: number; database: string }): string {
  return `
ipaddress = "127.0.0.1"
hostname = "127.0.0.1"
port = ${options.port}
use-auth = true
use-postgresql = true
pg-search = true
convert-search = true
db-pool-size = 25
max-connections = 40
local-filestore-dir = "${options.fileStore}"
obj-max-size = 20971520
json-req-max-size = 20971520
log-level = "error"
[postgresql]
  username = "postgres"
  password = ""
  host = "127.0.0.1"
  port = "${options.postgresPort}"
  dbname = "${options.database}"
  sslmode = "disable"
`;
}
