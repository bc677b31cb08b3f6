import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { stringify } from 'yaml';
import { loadConfig } from '../../lib/config/load-config.ts';
import type { Clock } from '../../lib/ports/clock.ts';
import type { LocalPair } from '../../lib/runtime/local-pair.ts';
import type { OnceReport } from '../../lib/runtime/local-polls.ts';
import { type LocalRuntime, openLocalRuntime } from '../../lib/runtime/local-runtime.ts';
import { systemClock } from '../../lib/runtime/system-clock.ts';
import type { PairStatus } from '../../lib/sync/pair-status.ts';

/** A server as `chef-sync.yaml` describes it, with the key itself in the place of a file. */
export interface WorldServer {
  readonly url: string;
  readonly user: string;
  readonly keyPem: string;
  /** Without organizations. */
  readonly hasNoOrganizations?: boolean;
  /** Certificates in PEM form. */
  readonly ca?: string;
  readonly requestsInFlight?: number;
}

export interface PairWorldOptions {
  readonly primary: WorldServer;
  readonly replicas: Readonly<Record<string, WorldServer>>;
  /** Entries of `organizations:`. */
  readonly organizations: readonly Readonly<Record<string, unknown>>[];
  readonly defaults?: Readonly<Record<string, unknown>>;
  /** Default: this machine's. */
  readonly clock?: Clock;
}

/** What a condition is asked about. */
export type Condition = (status: PairStatus) => boolean | Promise<boolean>;

/** `chef-sync-ctl run` in this process: a folder with configuration, keys and state file, and the runtime on it. */
export interface PairWorld extends AsyncDisposable {
  readonly configFile: string;
  readonly clock: Clock;
  /** Log lines so far: `PAIR LEVEL MESSAGE`. */
  readonly log: readonly string[];
  pair(name?: string): LocalPair;
  status(pair?: string): Promise<PairStatus>;
  /** Starts the daemon. */
  start(): void;
  /** Ends the daemon in good order and closes the state file; `start`, `once` and `pair` open it again. */
  stop(): Promise<void>;
  /** `run --once` of all pairs. */
  once(): Promise<readonly OnceReport[]>;
  /** Waits until the pair's status is so; fails after `limitSeconds` with the status and the last log lines. */
  until(
    what: string,
    condition: Condition,
    options?: { readonly pair?: string; readonly limitSeconds?: number },
  ): Promise<void>;
  /** Waits until the pair says "in sync" after it has read both sides from now on. */
  untilInSync(pair?: string): Promise<void>;
}

const LIMIT_SECONDS = 120;
const LOG_LINES_SHOWN = 25;

/** Makes the folder; opens nothing. Inventories begin anew with every poll. */
export function createPairWorld(options: PairWorldOptions): PairWorld {
  const clock = options.clock ?? systemClock;
  const folder = mkdtempSync(join(tmpdir(), 'chef-sync-pipeline-'));
  const configFile = join(folder, 'chef-sync.yaml');
  writeFileSync(configFile, configuration(folder, options));
  const log: string[] = [];
  let runtime: LocalRuntime | undefined;
  let daemon: { readonly ending: AbortController; readonly ended: Promise<void> } | undefined;

  const opened = (): LocalRuntime => {
    runtime ??= openLocalRuntime(loadConfig(configFile), {
      clock,
      logOf: (pair) => (level, message, fields) => {
        log.push(`${pair} ${level} ${message}${fields === undefined ? '' : ` ${JSON.stringify(fields)}`}`);
      },
      isUnpaced: true,
    });
    return runtime;
  };
  const pair = (name?: string): LocalPair => {
    const found = opened().pairs.find((one) => name === undefined || one.pair.name === name);
    if (found === undefined) throw new Error(`the world has no pair ${name}`);
    return found;
  };
  const stop = async (): Promise<void> => {
    daemon?.ending.abort();
    await daemon?.ended;
    daemon = undefined;
    await runtime?.close();
    runtime = undefined;
  };
  const until: PairWorld['until'] = async (what, condition, { pair: name, limitSeconds = LIMIT_SECONDS } = {}) => {
    const giveUpAt = Date.now() + limitSeconds * 1000;
    for (;;) {
      const status = await pair(name).status();
      if (await condition(status)) return;
      if (Date.now() > giveUpAt) {
        const lines = [`waited ${limitSeconds} s in vain until ${what}`, JSON.stringify(status)];
        throw new Error([...lines, ...log.slice(-LOG_LINES_SHOWN)].join('\n'));
      }
      await wait(20);
    }
  };

  return {
    configFile,
    clock,
    log,
    pair,
    status: (name) => pair(name).status(),
    start() {
      const ending = new AbortController();
      daemon = { ending, ended: opened().run(ending.signal) };
    },
    stop,
    once: () => opened().runOnce(new AbortController().signal),
    until,
    async untilInSync(name) {
      const since = clock.now();
      const isReadAfter = (at: number | undefined): boolean => at !== undefined && at >= since;
      await until(
        'the pair is in sync',
        ({ condition, readings }) =>
          condition === 'in sync' &&
          isReadAfter(readings.primary.contentsAt) &&
          isReadAfter(readings.replica.contentsAt),
        { pair: name },
      );
    },
    async [Symbol.asyncDispose]() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configuration(folder: string, { primary, replicas, organizations, defaults }: PairWorldOptions): string {
  const serverOf = (name: string, server: WorldServer): Record<string, unknown> => {
    const write = (file: string, text: string): string => {
      writeFileSync(join(folder, file), text, { mode: 0o600 });
      return file;
    };
    return {
      url: server.url,
      user: server.user,
      key: { file: write(`${name}.pem`, server.keyPem) },
      ...(server.ca === undefined ? {} : { tls: { ca: write(`${name}-ca.pem`, server.ca) } }),
      ...(server.hasNoOrganizations === true ? { organization: 'none' } : {}),
      ...(server.requestsInFlight === undefined ? {} : { requestsInFlight: server.requestsInFlight }),
    };
  };
  return stringify({
    version: 1,
    primary: serverOf('primary', primary),
    replicas: Object.fromEntries(Object.entries(replicas).map(([name, server]) => [name, serverOf(name, server)])),
    organizations,
    defaults: { pollSeconds: 2, ...defaults },
  });
}
