import { SyncError } from '../model/sync-error.ts';
import type { Clock } from '../ports/clock.ts';
import { giveBackInterrupted } from '../sync/give-back-interrupted.ts';
import type { PairStatus } from '../sync/pair-status.ts';
import { type PollOptions, type PollReport, pollPair } from '../sync/poll-pair.ts';
import type { UnsyncedObject } from '../sync/unsynced-objects.ts';
import { faultText } from './fault-text.ts';
import type { KnownDestinations } from './known-destinations.ts';
import type { LocalPair } from './local-pair.ts';

/** Looks at what became due while copies are out; a look reads at most a few thousand rows of the index. */
const DISPATCH_PAUSE_MS = 50;
/** A poll that found nothing out of the ordinary is over long before; one that died is replaced after this. */
const LEASE_MS = 10 * 60_000;
/** A poll of `--once` may take as long as a bootstrap takes. */
const ONCE_DEADLINE_MS = 24 * 60 * 60_000;
/** Passes of `--once`: the first, a second names pass for what the first left absent, and one more for what changed meanwhile. */
const ONCE_PASSES = 3;

/** How a pair came out of `run --once`. */
export interface OnceReport {
  readonly pair: string;
  readonly poll: PollReport;
  /** Set when the poll failed by a fault of ours; the trace is in the pair's log. */
  readonly fault?: string;
  readonly status: PairStatus;
  readonly unsynced: readonly UnsyncedObject[];
}

/** The polls of the pairs of one process. A poll that fails is logged; it ends neither the pair nor another one. */
export interface LocalPolls {
  /** To be called before the first poll of a pair in this process, and when its configuration changed. */
  takeOver(pair: LocalPair): Promise<void>;
  /** Polls the pair at its pace until the signal. */
  follow(pair: LocalPair, signal: AbortSignal): Promise<void>;
  /** Complete passes, until none is needed or one fails. With `isCopyOnly` nothing is deleted. */
  once(pair: LocalPair, signal: AbortSignal, options: Pick<PollOptions, 'isCopyOnly'>): Promise<OnceReport>;
}

/** Polls nothing yet. */
export function createLocalPolls(clock: Clock, destinations: KnownDestinations): LocalPolls {
  const poll = async (
    { ctx }: LocalPair,
    options: Pick<PollOptions, 'deadline' | 'signal' | 'isOnePass' | 'isCopyOnly'>,
  ): Promise<PollReport> => {
    const report = await pollPair(ctx, { ...options, leaseMs: LEASE_MS, dispatchPauseMs: DISPATCH_PAUSE_MS });
    destinations.note(ctx.pair, await ctx.state.read());
    return report;
  };

  return {
    /**
     * A poll that died with its process left its lease behind; this process is the only one, so nobody holds it. What was paused is tried at
     * once: whoever starts again, or changes a configuration, has often just repaired something.
     */
    async takeOver({ ctx }) {
      destinations.note(ctx.pair, await ctx.state.read());
      await giveBackInterrupted(ctx);
      await ctx.state.update((state) => {
        if (state === undefined || (state.leaseUntil === undefined && state.paused === undefined)) return undefined;
        const { leaseUntil, paused, ...rest } = state;
        return paused === undefined ? rest : { ...rest, paused: { ...paused, until: clock.now() } };
      });
    },

    async follow(pair, signal) {
      const intervalMs = pair.ctx.rules.pollSeconds * 1000;
      while (!signal.aborted) {
        const startedAt = clock.now();
        try {
          await poll(pair, { deadline: startedAt + intervalMs, signal });
        } catch (error) {
          pair.ctx.log('error', `the poll failed: ${faultText(error)}`);
        }
        await clock.sleep(Math.max(0, startedAt + intervalMs - clock.now()), signal);
      }
    },

    async once(pair, signal, { isCopyOnly }) {
      let report: PollReport = { outcome: 'cut' };
      let fault: string | undefined;
      try {
        for (let pass = 0; pass < ONCE_PASSES && !signal.aborted; pass += 1) {
          report = await poll(pair, { deadline: clock.now() + ONCE_DEADLINE_MS, signal, isOnePass: true, isCopyOnly });
          if (report.outcome !== 'complete' || !(await pair.unsynced()).some(needsAnotherPass)) break;
        }
      } catch (error) {
        pair.ctx.log('error', `the poll failed: ${faultText(error)}`);
        const problem = error instanceof Error ? error.message : String(error);
        report = { outcome: 'problem', problem };
        if (!(error instanceof SyncError)) fault = problem;
      }
      const { name } = pair.pair;
      return { pair: name, poll: report, fault, status: await pair.status(), unsynced: await pair.unsynced() };
    },
  };
}

/** The next pass decides about it: absent once, or a definition that waits for the content it may name. What failed has its own time. */
const needsAnotherPass = ({ state, action, attempts }: UnsyncedObject): boolean =>
  state === 'absent' || (state === 'pending' && action === 'upsert' && attempts === 0);
