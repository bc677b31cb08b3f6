import { SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod/mini';
import { clientSettings } from '../aws/client-settings.ts';
import { type PollSlot, takePollSlot } from '../aws/poll-slots.ts';
import { createSqsWorkQueue, laneUrl } from '../aws/sqs-work-queue.ts';
import type { PackedPair } from '../config/packed-config.ts';
import { refusal } from '../model/sync-error.ts';
import type { PairHealth } from '../plan/judge-health.ts';
import { pairHealth } from '../sync/pair-health.ts';
import { refusedPoll } from '../sync/poll-lease.ts';
import { type PollReport, pollPair } from '../sync/poll-pair.ts';
import { awsVariable } from './aws-environment.ts';
import { type AwsPair, type LogOf, openAwsPairContexts } from './aws-pair-contexts.ts';

/** EventBridge fires in whole minutes. */
const FIRING_MS = 60_000;
/** A poll is cut this long before the next firing of its schedule, so that it gives its lease back in time. */
const BEFORE_NEXT_FIRING_MS = 5_000;
/** And this long before the function's time-out: one step of a poll, as the names of a list and its search, may take that long. */
const BEFORE_TIME_OUT_MS = 60_000;
/** The lease outlives the function by so much: a poller that was killed is replaced then, and never before it is dead. */
const LEASE_BEYOND_TIME_OUT_MS = 30_000;
/** Between two looks at what became due while copiers are at work. With a full lane it is four times that, and a look costs some 500 units. */
const DISPATCH_PAUSE_MS = 500;
/** A poll that gets its slot later than this before its end would do nothing of use. */
const LEAST_POLL_MS = 15_000;

/** What an invocation came to. */
export interface PollerReport {
  readonly pair: string;
  readonly polls: readonly (PollReport | { readonly outcome: 'no slot' })[];
  readonly health: PairHealth;
}

/** Polls one pair per invocation. */
export interface Poller {
  /**
   * Polls the pair that a schedule's event names. `remainingMs` is the time until the function is stopped. Throws when the pair is not
   * configured, and for faults of ours.
   */
  poll(event: unknown, remainingMs: () => number): Promise<PollerReport>;
}

const eventShape = z.object({ pair: z.string() });

/** Makes everything that every poll of this execution environment shares. */
export function openAwsPoller(logOf: LogOf): Poller {
  const sqs = new SQSClient(clientSettings());
  const queuePrefix = awsVariable('CHEF_SYNC_QUEUE_PREFIX');
  const home = openAwsPairContexts(logOf, (config) => ({
    queueOf: ({ lane }) => createSqsWorkQueue(sqs, laneUrl(queuePrefix, lane)),
    requestsInFlight: (_pair, server) => config.servers[server]?.requestsPerPoll ?? 1,
  }));
  const { config, table, clock, destinations } = home;

  const originsOf = ({ primary, replica }: PackedPair): readonly string[] =>
    [primary, replica].map((index) => new URL(config.servers[index]?.url ?? '').origin);

  /** Slots of both servers, primary first. Undefined: none became free in time. A server with a slot for each pair needs none. */
  const takeSlots = async (
    packed: PackedPair,
    until: number,
    deadline: number,
  ): Promise<readonly PollSlot[] | undefined> => {
    const slots: PollSlot[] = [];
    for (const origin of new Set(originsOf(packed))) {
      const polled = config.pairs.filter((pair) => originsOf(pair).includes(origin)).length;
      const allowed = config.servers.find((server) => new URL(server.url).origin === origin)?.pollSlots ?? 1;
      if (polled <= allowed) continue;
      const slot = await takePollSlot({
        table,
        clock,
        origin,
        slots: allowed,
        holder: packed.name,
        until,
        deadline,
      });
      if (slot === undefined) {
        await releaseAll(slots);
        return undefined;
      }
      slots.push(slot);
    }
    return slots;
  };

  const pollOnce = async (
    { packed, records, context }: AwsPair,
    deadline: number,
    endsAt: number,
  ): Promise<PollerReport['polls'][number]> => {
    const state = await records.state.read();
    // Known without a slot, a key or a lease.
    const refused = state && refusedPoll(state, clock.now());
    if (refused !== undefined) return { outcome: refused };
    const ctx = await context();
    if (ctx === undefined) return { outcome: 'problem', problem: (await records.state.read())?.paused?.reason };
    const slots = await takeSlots(packed, endsAt, deadline - LEAST_POLL_MS);
    if (slots === undefined) {
      ctx.log('warn', 'other polls had every slot of a server until the end of this one; the next poll goes on');
      return { outcome: 'no slot' };
    }
    // While messages are sent and copied the poll reads neither server: others may.
    let isReleased: Promise<void> | undefined;
    const release = (): Promise<void> => {
      isReleased ??= releaseAll(slots);
      return isReleased;
    };
    try {
      return await pollPair(ctx, {
        deadline,
        leaseMs: endsAt - clock.now() + LEASE_BEYOND_TIME_OUT_MS,
        dispatchPauseMs: DISPATCH_PAUSE_MS,
        // What goes wrong with it is met again below.
        onProgress: () => void release().catch(() => undefined),
      });
    } finally {
      await release();
    }
  };

  return {
    async poll(event, remainingMs) {
      const { pair: name } = eventShape.parse(event);
      const pair = home.pair(name);
      if (pair === undefined) {
        throw refusal(
          'PAIR_UNKNOWN',
          `${name} is not configured any more: deploy the stack again to remove its schedule.`,
        );
      }
      const startedAt = clock.now();
      const endsAt = startedAt + remainingMs();
      const pollMs = pair.packed.settings.pollSeconds * 1000;
      const nextFiringAt = startedAt + Math.ceil(pollMs / FIRING_MS) * FIRING_MS;
      const deadline = Math.min(nextFiringAt - BEFORE_NEXT_FIRING_MS, endsAt - BEFORE_TIME_OUT_MS);
      const polls: PollerReport['polls'][number][] = [];
      for (let beginAt = startedAt; beginAt === startedAt || beginAt + pollMs <= nextFiringAt; beginAt += pollMs) {
        await clock.sleep(Math.max(0, beginAt - clock.now()));
        if (polls.length > 0 && clock.now() >= deadline) break;
        polls.push(await pollOnce(pair, deadline, endsAt));
      }
      const guid = (await pair.records.state.read())?.guids.replica;
      if (guid !== undefined && guid !== 'none') await destinations.note(name, guid);
      home.logRequests(logOf(name));
      return { pair: name, polls, health: await pairHealth(pair.records, clock.now()) };
    },
  };
}

async function releaseAll(slots: readonly PollSlot[]): Promise<void> {
  await Promise.all(slots.map((slot) => slot.release()));
}
