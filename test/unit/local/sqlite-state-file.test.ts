import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSqliteLedger } from '../../../lib/local/sqlite-ledger.ts';
import { createSqlitePairState } from '../../../lib/local/sqlite-pair-state.ts';
import {
  numberOf,
  openStateFile,
  openStateFileForReading,
  openStateFileForSteering,
  STATE_MIGRATIONS,
  textOf,
} from '../../../lib/local/sqlite-state-file.ts';
import type { ObjectPath } from '../../../lib/model/object-path.ts';
import { newPairState } from '../../../lib/model/pair-state.ts';
import { pendingEntry } from '../../support/pending-entry.ts';
import { temporaryStatePath } from '../../support/temporary-state-file.ts';

let path: string;
let remove: () => void;

beforeEach(() => {
  ({ path, remove } = temporaryStatePath());
});
afterEach(() => remove());

/** Does something to the file that the program itself never does. */
function tamper(sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

/** Does something as a user who may read everything in the folder of the state file, and write nothing. */
function asReader<T>(work: () => T): T {
  const folder = dirname(path);
  const isRoot = process.geteuid?.() === 0;
  for (const name of readdirSync(folder)) if (name !== 'chef-sync.db-wal') chmodSync(join(folder, name), 0o444);
  chmodSync(folder, 0o555);
  try {
    // Permissions mean nothing to root.
    if (isRoot) process.seteuid?.(65_534);
    return work();
  } finally {
    if (isRoot) process.seteuid?.(0);
    chmodSync(folder, 0o755);
  }
}

/** The pair that a command finds which only looks. */
function pairIn(statePath: string): unknown {
  const file = openStateFileForReading(statePath);
  const row = file.row('SELECT name FROM pair');
  file.close();
  return row?.['name'];
}

/** A file as version 1 of the schema wrote it, word for word: released steps never change. */
function writeVersion1(): void {
  tamper(`
    PRAGMA application_id = 1130915174;
    PRAGMA user_version = 1;
    CREATE TABLE pair (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE entry (
      pair TEXT NOT NULL, path TEXT NOT NULL, list TEXT NOT NULL, bucket TEXT, since INTEGER, body TEXT NOT NULL,
      PRIMARY KEY (pair, path)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX entry_unsynced ON entry (pair, bucket, since, path) WHERE bucket IS NOT NULL;
    CREATE INDEX entry_list ON entry (pair, list);
    CREATE TABLE list (
      pair TEXT NOT NULL, side TEXT NOT NULL, list TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (pair, side, list)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE plan (pair TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (pair, id)) STRICT, WITHOUT ROWID;
    CREATE TABLE daemon (
      only INTEGER PRIMARY KEY CHECK (only = 1), pid INTEGER NOT NULL, started_at INTEGER NOT NULL
    ) STRICT;
    INSERT INTO entry VALUES ('eu/acme', '/roles/web', '/roles', '2', 7,
      '{"path":"/roles/web","version":{"epoch":1,"n":4},"action":"upsert","state":"pending","attempts":0,"sends":0,"pendingSince":7}');
  `);
}

describe('openStateFile', () => {
  it('keeps everything from one opening to the next', async () => {
    const first = openStateFile(path, { now: 0 });
    await createSqliteLedger(first, 'eu/acme').update('/roles/web', () => pendingEntry('/roles/web', 7));
    await createSqlitePairState(first, 'eu/acme').update(() => newPairState(1, 'hash', 'copy'));
    first.close();

    const second = openStateFile(path, { now: 0 });
    expect(await createSqliteLedger(second, 'eu/acme').read('/roles/web')).toEqual(pendingEntry('/roles/web', 7));
    expect(await createSqlitePairState(second, 'eu/acme').read()).toEqual(newPairState(1, 'hash', 'copy'));
    second.close();
  });

  it('reads a file of schema version 1', async () => {
    writeVersion1();

    const file = openStateFile(path, { now: 0 });

    const ledger = createSqliteLedger(file, 'eu/acme');
    const entry = pendingEntry('/roles/web', 7, { version: { epoch: 1, n: 4 } });
    expect(await ledger.unsynced(2, { limit: 5 })).toEqual({ entries: [entry] });
    file.close();
  });

  it('brings an older file up to date in place and keeps its entries', async () => {
    writeVersion1();
    const migrations = [
      ...STATE_MIGRATIONS,
      `UPDATE entry SET body = json_set(body, '$.attempts', 3)`,
      `CREATE TABLE note (text TEXT); INSERT INTO note VALUES ('from step 3')`,
    ];

    for (let opening = 1; opening <= 2; opening++) {
      const file = openStateFile(path, { now: 0, migrations });

      expect(numberOf(file.row('PRAGMA user_version'), 'user_version')).toBe(STATE_MIGRATIONS.length + 2);
      expect(file.rows('SELECT text FROM note').map((row) => textOf(row, 'text'))).toEqual(['from step 3']);
      expect(await createSqliteLedger(file, 'eu/acme').read('/roles/web')).toMatchObject({ attempts: 3 });
      file.close();
    }
  });

  it('leaves an older file as it was when a step fails', async () => {
    writeVersion1();
    const migrations = [...STATE_MIGRATIONS, 'DELETE FROM entry', 'INSERT INTO nowhere VALUES (1)'];

    expect(() => openStateFile(path, { now: 0, migrations })).toThrow(/nowhere/);

    const file = openStateFile(path, { now: 0 });
    expect(await createSqliteLedger(file, 'eu/acme').read('/roles/web')).toMatchObject({ version: { n: 4 } });
    file.close();
  });

  it('refuses the file of a newer version, naming the file and both versions, and does not change it', () => {
    openStateFile(path, { now: 0, migrations: [...STATE_MIGRATIONS, 'CREATE TABLE later (x)'] }).close();
    const before = readFileSync(path);

    for (const open of [() => openStateFile(path, { now: 0 }), () => openStateFileForReading(path)]) {
      expect(open).toThrow(
        `The state file ${path} was written by a newer chef-sync (version ${STATE_MIGRATIONS.length + 1}, ` +
          `and this program knows versions up to ${STATE_MIGRATIONS.length}): install that version or a later one.`,
      );
    }
    expect(readFileSync(path)).toEqual(before);
  });

  it('refuses the database of another program and does not change it', () => {
    tamper('CREATE TABLE invoice (id); PRAGMA user_version = 1');
    const before = readFileSync(path);

    expect(() => openStateFile(path, { now: 0 })).toThrow(`${path} is the database of another program`);
    expect(readFileSync(path)).toEqual(before);
  });

  it('refuses a file that is no database and does not change it', () => {
    writeFileSync(path, 'version: 1\nprimary: { url: https://chef.example.com }\n'.repeat(50));
    const before = readFileSync(path);

    expect(() => openStateFile(path, { now: 0 })).toThrow(`${path} is no state file, not even an SQLite database`);
    expect(() => openStateFileForReading(path)).toThrow(`${path} is no state file`);
    expect(readFileSync(path)).toEqual(before);
  });

  it('says what is wrong when the folder does not exist or the path is a folder', () => {
    const lost = join(dirname(path), 'nowhere', 'chef-sync.db');
    mkdirSync(path);

    expect(() => openStateFile(lost, { now: 0 })).toThrow(`The state file ${lost} cannot be opened`);
    for (const open of [() => openStateFile(path, { now: 0 }), () => openStateFileForReading(path)]) {
      expect(open).toThrow(
        `The state file ${path} cannot be opened, because it is a folder: name a file as local.state.`,
      );
    }
  });

  it('says that the file is locked when another program does not let go of it', async () => {
    const file = openStateFile(path, { now: 0, busyTimeoutMs: 1 });
    const ledger = createSqliteLedger(file, 'eu/acme');
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');

    const update = ledger.update('/roles/web', () => pendingEntry('/roles/web', 1));

    await expect(update).rejects.toThrow(`The state file ${path} is locked by another process`);
    await expect(update).rejects.toMatchObject({ code: 'STATE_FILE_LOCKED', retry: 'later' });
    expect(await ledger.read('/roles/web')).toBeUndefined();
    other.exec('ROLLBACK');
    expect(await ledger.update('/roles/web', () => pendingEntry('/roles/web', 1))).toMatchObject({ isChanged: true });
    other.close();
    file.close();
  });

  it('says that the disk is full, loses nothing acknowledged, and goes on when there is room', async () => {
    const file = openStateFile(path, { now: 0 });
    const ledger = createSqliteLedger(file, 'eu/acme');
    const entry = (i: number) => pendingEntry(`/roles/r${i}`, i, { seen: 'x'.repeat(1000) });
    const put = (i: number) => ledger.update(`/roles/r${i}`, () => entry(i));
    file.row('PRAGMA max_page_count = 40');
    let stored = 0;
    const fill = async () => {
      for (;;) {
        await put(stored);
        stored += 1;
      }
    };

    await expect(fill()).rejects.toThrow(`The state file ${path} cannot grow because its disk is full`);

    expect(stored).toBeGreaterThan(10);
    expect(await ledger.countUnsynced(2)).toBe(stored);
    file.row('PRAGMA max_page_count = 4000');
    expect(await put(stored)).toMatchObject({ isChanged: true });
    expect(textOf(file.row('PRAGMA integrity_check') ?? {}, 'integrity_check')).toBe('ok');
    file.close();
  });

  it('says that the file is damaged', () => {
    openStateFile(path, { now: 0 }).close();
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0x5a, 4096));

    expect(() => openStateFile(path, { now: 0 })).toThrow(`The state file ${path} is damaged`);
  });

  it('forgets tombstones 30 days after they settled, and nothing else', async () => {
    const day = 24 * 60 * 60 * 1000;
    const old = { settledAt: 0, pendingSince: undefined };
    const file = openStateFile(path, { now: 0 });
    for (const entry of [
      pendingEntry('/roles/gone', 0, { ...old, action: 'delete', state: 'synced' }),
      pendingEntry('/roles/gone-lately', 0, { action: 'delete', state: 'synced', settledAt: day }),
      pendingEntry('/roles/live', 0, { ...old, state: 'synced' }),
      pendingEntry('/roles/held', 0, { action: 'delete', state: 'held', settledAt: 0 }),
      pendingEntry('/roles/parked', 0, { action: 'delete', state: 'parked', settledAt: 0 }),
    ]) {
      await createSqliteLedger(file, 'eu/acme').update(entry.path, () => entry);
    }
    file.close();

    const later = openStateFile(path, { now: 30 * day + 1 });

    const left = await createSqliteLedger(later, 'eu/acme').entriesOf('/roles');
    expect(left.map((entry) => entry.path).sort()).toEqual([
      '/roles/gone-lately',
      '/roles/held',
      '/roles/live',
      '/roles/parked',
    ]);
    later.close();
  });
});

describe('openStateFileForReading', () => {
  it('says that there is no state yet, and creates no file', () => {
    expect(() => openStateFileForReading(path)).toThrow(`There is no state in ${path} yet`);
    expect(existsSync(path)).toBe(false);
  });

  it('does not say that there is no state where it could not look', () => {
    writeFileSync(path, '');
    expect(() => openStateFileForReading(`${path}/chef-sync.db`)).toThrow('cannot be opened');
  });

  it('sees what a daemon has written so far, while it holds the file for its next write', async () => {
    const daemon = openStateFile(path, { now: 0 });
    await createSqliteLedger(daemon, 'eu/acme').update('/roles/web', () => pendingEntry('/roles/web', 7));

    daemon.transaction(() => {
      daemon.write('DELETE FROM entry');
      const status = openStateFileForReading(path, { busyTimeoutMs: 1 });
      expect(numberOf(status.row('SELECT count(*) AS entries FROM entry'), 'entries')).toBe(1);
      status.close();
    });
    daemon.close();
  });

  it('shows what there is to a user who may only read, while no daemon runs, and makes no file', () => {
    openStateFile(path, { now: 0 }).close();
    tamper("INSERT INTO pair VALUES ('eu/acme', '{}')");
    const before = readdirSync(dirname(path));

    expect(asReader(() => pairIn(path))).toBe('eu/acme');
    expect(readdirSync(dirname(path))).toEqual(before);
  });

  it('shows a user who may only read what a killed daemon had written last', () => {
    const other = join(dirname(path), 'killed.db');
    const daemon = openStateFile(path, { now: 0 });
    daemon.write("INSERT INTO pair VALUES ('eu/acme', '{}')");
    // As kill -9 leaves them: the daemon's last words are in the log beside the file.
    for (const end of ['', '-wal', '-shm']) writeFileSync(`${other}${end}`, readFileSync(`${path}${end}`));
    daemon.close();

    expect(asReader(() => pairIn(other))).toBe('eu/acme');
  });

  it('says who may look, when it is not this user', () => {
    openStateFile(path, { now: 0 }).close();
    writeFileSync(`${path}-wal`, 'x'.repeat(40), { mode: 0 });

    const sentence = `The state file ${path} cannot be read by this user: it needs read permission on that file and on those that begin with its name, so run this as the user of the daemon.`;
    expect(() => asReader(() => openStateFileForReading(path))).toThrow(sentence);
  });

  it('cannot write', async () => {
    openStateFile(path, { now: 0 }).close();
    const file = openStateFileForReading(path);

    const update = createSqliteLedger(file, 'eu/acme').update('/roles/web', () => pendingEntry('/roles/web', 7));

    await expect(update).rejects.toThrow(`The state file ${path} cannot be written`);
    file.close();
  });

  it('leaves an older file to the daemon', () => {
    writeVersion1();
    const migrations = [...STATE_MIGRATIONS, 'CREATE TABLE later (x)'];

    for (const open of [openStateFileForReading, openStateFileForSteering]) {
      expect(() => open(path, { migrations })).toThrow(
        `The state file ${path} was written by an older chef-sync: "chef-sync-ctl run" brings it up to date.`,
      );
    }
  });
});

describe('openStateFileForSteering', () => {
  it('writes into the file of a daemon and makes none', async () => {
    expect(() => openStateFileForSteering(path)).toThrow(`There is no state in ${path} yet`);
    expect(existsSync(path)).toBe(false);
    const daemon = openStateFile(path, { now: 0 });

    const file = openStateFileForSteering(path);
    await createSqlitePairState(file, 'eu/acme').update(() => newPairState(1, 'hash', 'copy'));

    expect(await createSqlitePairState(daemon, 'eu/acme').read()).toMatchObject({ epoch: 1 });
    file.close();
    daemon.close();
  });
});

describe('several processes on one state file', () => {
  const writer = fileURLToPath(new URL('../../support/state-file-writer.ts', import.meta.url));

  /** Starts a process that updates entries; `acknowledged` gets the last number it was told for each path. */
  function startWriter(entryCount: number, updateCount: number) {
    const child = spawn(process.execPath, [writer, path, String(entryCount), String(updateCount)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const acknowledged = new Map<string, number>();
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      const [object = '', n = ''] = line.split(' ');
      if (n !== '') acknowledged.set(object, Number(n));
    });
    return { child, acknowledged, firstLine: once(lines, 'line'), ended: once(child, 'close') };
  }

  it('lose no update of one entry', async () => {
    const others = [startWriter(1, 300), startWriter(1, 300)];
    const file = openStateFile(path, { now: 0 });
    const ledger = createSqliteLedger(file, 'eu/acme');

    await Promise.all(others.map(({ firstLine }) => firstLine));
    for (let i = 0; i < 300; i++) {
      await ledger.update('/roles/r0', (now) =>
        pendingEntry('/roles/r0', i, { version: { epoch: 1, n: (now?.version.n ?? 0) + 1 } }),
      );
    }
    const exits = await Promise.all(others.map(({ ended }) => ended));

    expect(exits.map(([code]) => code)).toEqual([0, 0]);
    expect(await ledger.read('/roles/r0')).toMatchObject({ version: { n: 900 } });
    file.close();
  });

  it('kill -9 of a writer at any moment leaves every acknowledged write and an intact file', async () => {
    const written = new Map<string, number>();
    for (const acknowledgedBeforeKill of [1, 37, 222, 1500, 2600]) {
      const { child, acknowledged, ended } = startWriter(50, 1_000_000);
      let count = 0;
      child.stdout.on('data', (bytes: Buffer) => {
        count += bytes.toString().split('\n').length - 1;
        if (count >= acknowledgedBeforeKill) child.kill('SIGKILL');
      });
      await ended;
      for (const [object, n] of acknowledged) written.set(object, n);

      const file = openStateFile(path, { now: 0 });
      expect(textOf(file.row('PRAGMA integrity_check') ?? {}, 'integrity_check')).toBe('ok');
      const ledger = createSqliteLedger(file, 'eu/acme');
      for (const [object, n] of written) {
        const path: ObjectPath = `/roles/${object.slice('/roles/'.length)}`;
        expect((await ledger.read(path))?.version.n).toBeGreaterThanOrEqual(n);
      }
      file.close();
    }
    expect(written.size).toBe(50);
  });
});
