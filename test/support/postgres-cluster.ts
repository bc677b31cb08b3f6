import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startChildServer } from './child-server.ts';
import { findFolderOf, searchPath } from './find-executable.ts';
import { findFreePort } from './free-port.ts';

/** A throw-away PostgreSQL on 127.0.0.1: user `postgres`, no password, gone when this process ends. */
export interface PostgresCluster {
  readonly port: number;
  /** Makes a database that starts with everything in `template1`. */
  createDatabase(name: string): Promise<void>;
  /** Runs a file of SQL; fails at its first error. */
  runSqlFile(database: string, file: string): Promise<void>;
}

const run = promisify(execFile);

/** The folder of PostgreSQL's server programs, which Debian keeps out of PATH; undefined when PostgreSQL is not installed. */
export function findPostgresPrograms(): string | undefined {
  const debianRoot = '/usr/lib/postgresql';
  const versions = existsSync(debianRoot) ? readdirSync(debianRoot).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...versions.map((version) => join(debianRoot, version, 'bin')), ...searchPath()];
  return findFolderOf(['initdb', 'postgres', 'psql'], folders);
}

/** Starts a new cluster. It is stopped and removed when this process ends, however that happens. */
export async function startPostgresCluster(): Promise<PostgresCluster> {
  const programs = findPostgresPrograms();
  if (programs === undefined)
    throw new Error('PostgreSQL is not installed; install it with: apt-get install postgresql');

  const directory = await mkdtemp(join(tmpdir(), 'chef-sync-postgres-'));
  const user = await unprivilegedUser();
  if (user !== undefined) await chown(directory, user.uid, user.gid);
  const dataDirectory = join(directory, 'data');
  const port = await findFreePort();

  await run(
    join(programs, 'initdb'),
    ['-D', dataDirectory, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    { cwd: directory, ...user },
  );
  await startChildServer({
    command: join(programs, 'postgres'),
    args: [
      '-D',
      dataDirectory,
      '-p',
      String(port),
      ...Object.entries(settings).flatMap(([k, v]) => ['-c', `${k}=${v}`]),
    ],
    directory,
    ...(user === undefined ? {} : { user }),
    stopSignal: 'QUIT',
    isReady: () => isReady(dataDirectory),
  });

  const psql = async (database: string, ...args: string[]): Promise<void> => {
    const connection = ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', '-d', database];
    await run(join(programs, 'psql'), ['-X', '-q', '-v', 'ON_ERROR_STOP=1', ...connection, ...args]);
  };
  return {
    port,
    createDatabase: (name) => psql('postgres', '-c', `CREATE DATABASE "${name}"`),
    runSqlFile: (database, file) => psql(database, '-f', file),
  };
}

/** Nothing of it has to survive a power cut; several goiardi of 40 connections each share it. */
const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '400',
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
};

/** PostgreSQL refuses to run as root; Debian's package brings the user `postgres` for that. */
async function unprivilegedUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const line = (await readFile('/etc/passwd', 'utf8')).split('\n').find((entry) => entry.startsWith('postgres:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) {
    throw new Error(
      'PostgreSQL refuses to run as root, and there is no user "postgres"; create it or run the tests as another user',
    );
  }
  return { uid: Number(uid), gid: Number(gid) };
}

/** Line 8 of postmaster.pid is the state; pg_ctl waits for the same word. */
async function isReady(dataDirectory: string): Promise<boolean> {
  const pidFile = join(dataDirectory, 'postmaster.pid');
  return existsSync(pidFile) && (await readFile(pidFile, 'utf8')).split('\n')[7]?.trim() === 'ready';
}
