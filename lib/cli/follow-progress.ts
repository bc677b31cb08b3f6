import { createLogUpdate } from 'log-update';
import { isDeletePhase, PHASES, type Phase, stageOf } from '../model/phase.ts';
import { SyncError } from '../model/sync-error.ts';
import type { LocalPair } from '../runtime/local-pair.ts';
import { systemClock } from '../runtime/system-clock.ts';
import { formatLogLine, type LogLine } from './log-line.ts';
import { doneOf, type PairProgress, progressLine, progressMessage, refreshPauseMs } from './progress-line.ts';
import type { Screen } from './screen.ts';

/** Shows how the pairs get on while they run. */
export interface ProgressView {
  /** Shows a log line: above the progress of a terminal, or as the next line of a file. */
  log(line: LogLine): void;
  /** Takes the progress off a terminal; a file is told of states that are new. Log lines may still come. */
  stop(): Promise<void>;
}

export interface ProgressOptions {
  readonly screen: Screen;
  /** In a file, a pair at work tells of it this often; a new state is told at once. */
  readonly plainEveryMs: number;
  /** Nothing but warnings and errors. */
  readonly isQuiet: boolean;
  /** Each pair is polled until it is through: one that waits for the others is not stale. */
  readonly isOnce: boolean;
  /** What commands to go on with end in, see `homeAddress`. */
  readonly address: string;
}

/** A terminal looks alive at this pace. */
const REFRESH_MS = 150;
/** The rate is an average over this time. */
const RATE_WINDOW_MS = 5_000;

const STAGE_WORDS = { 1: 'content', 2: 'definitions', 3: 'pointers' } as const;

/**
 * Begins to show the progress of the pairs that there are at each moment: one line for each, drawn again and again, on a terminal; plain log
 * lines elsewhere. Reads status and ledger only.
 */
export function followProgress(pairsNow: () => readonly LocalPair[], options: ProgressOptions): ProgressView {
  const { screen, isQuiet } = options;
  const { now, sleep } = systemClock;
  const draw = screen.isTerminal && !isQuiet ? createLogUpdate(screen.stream) : undefined;
  const rates = new Map<string, ReturnType<typeof rateMeter>>();
  const told = new Map<string, { readonly condition: string; readonly at: number; readonly message: string }>();

  const measure = async (pair: LocalPair): Promise<PairProgress> => {
    const status = await pair.status();
    const rate = rates.get(status.pair) ?? rateMeter();
    rates.set(status.pair, rate);
    return {
      status,
      stage: await stageOfWork(pair),
      objectsPerSecond: rate(now(), doneOf(status)),
    };
  };

  const write = (line: string): void => (draw === undefined ? screen.line(line) : draw.persist(line));

  const tell = (progress: PairProgress): void => {
    const { pair, condition } = progress.status;
    const message = progressMessage(progress, now(), options.address);
    const last = told.get(pair);
    const isAtWork = condition === 'bootstrapping' || condition === 'catching up';
    const isDue = isAtWork && message !== last?.message && now() - (last?.at ?? 0) >= options.plainEveryMs;
    if (condition === 'never polled' || (condition === 'stale' && options.isOnce)) return;
    if (last?.condition === condition && !isDue) return;
    told.set(pair, { condition, at: now(), message });
    write(formatLogLine({ at: now(), level: 'info', about: pair, message }));
  };

  const show = async (): Promise<void> => {
    if (isQuiet) return;
    const all: PairProgress[] = [];
    try {
      for (const pair of pairsNow()) all.push(await measure(pair));
    } catch (error) {
      // The state file cannot be read right now: the pairs' own polls say so, and the next look may see more.
      if (error instanceof SyncError) return;
      throw error;
    }
    if (draw === undefined) all.forEach(tell);
    else draw(frame(all, now(), screen, options.address));
  };

  const ending = new AbortController();
  const refreshing = (async () => {
    while (!ending.signal.aborted) {
      const startedAt = now();
      await show();
      await sleep(refreshPauseMs(now() - startedAt, REFRESH_MS), ending.signal);
    }
  })();
  // A fault is told by whoever runs the pairs; it must not end the process from here.
  refreshing.catch(() => undefined);

  return {
    log(line) {
      if (!isQuiet || line.level !== 'info') write(formatLogLine(line));
    },
    async stop() {
      if (ending.signal.aborted) return;
      ending.abort();
      await refreshing;
      if (draw === undefined) await show();
      draw?.clear();
      draw?.done();
    },
  };
}

/** As many pairs as the terminal has rows for; those that are not in sync first, when not all of them fit. */
function frame(all: readonly PairProgress[], now: number, screen: Screen, address: string): string {
  const rows = Math.max(1, (screen.stream.rows ?? all.length + 2) - 2);
  const isCrowded = all.length > rows;
  const isBusy = ({ status }: PairProgress): number => (status.condition === 'in sync' ? 1 : 0);
  const shown = isCrowded ? all.toSorted((a, b) => isBusy(a) - isBusy(b)).slice(0, rows) : all;
  const nameWidth = Math.max(...shown.map(({ status }) => status.pair.length));
  const lines = shown.map((progress) => progressLine(progress, nameWidth, now, screen, address));
  if (isCrowded) lines.push(`and ${all.length - rows} more pairs`);
  return lines.join('\n');
}

/** The first phase with something to copy, in words. */
async function stageOfWork({ ctx }: LocalPair): Promise<string | undefined> {
  for (const phase of PHASES) {
    if ((await ctx.ledger.countUnsynced(phase)) > 0) return stageWord(phase);
  }
  return undefined;
}

const stageWord = (phase: Phase): string => (isDeletePhase(phase) ? 'deletes' : STAGE_WORDS[stageOf(phase)]);

/** Objects per second over the last seconds, from how many were done at each look. */
function rateMeter(): (at: number, done: number) => number | undefined {
  let looks: readonly { readonly at: number; readonly done: number }[] = [];
  return (at, done) => {
    looks = [...looks.filter((look) => at - look.at <= RATE_WINDOW_MS), { at, done }];
    const [first] = looks;
    if (first === undefined || at === first.at) return undefined;
    return Math.max(0, (done - first.done) / ((at - first.at) / 1000));
  };
}
