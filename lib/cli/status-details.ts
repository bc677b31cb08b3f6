import type { PairStatus } from '../sync/pair-status.ts';
import { formatInstant, formatPast, localTimes } from './human-time.ts';
import { counted, plainText } from './plain-text.ts';

/** Paths named of many; `--json` has all of them. */
const SAMPLES = 3;

/**
 * What there is to say of a pair besides its state, most important first, each one line: why it waits, what is held, what cannot be read,
 * how old the readings are, where changes are found. What an operator decides comes with its command, which ends in `address`.
 */
export function statusDetails(status: PairStatus, now: number, address = ''): readonly string[] {
  const { condition, counts } = status;
  // What is no longer configured cannot be steered, only forgotten.
  const isSteerable = condition !== 'no longer configured';
  const details: string[] = [];
  if (condition === 'stopped') details.push(`let it go on: chef-sync-ctl sync-start ${status.pair}${address}`);
  if (status.paused !== undefined) {
    const { side, reason, since } = status.paused;
    details.push(`waiting for the ${side} since ${formatPast(since, now)}: ${plainText(reason)}`);
  } else if (condition === 'waiting') {
    details.push(...unreadLists(status));
  } else if (condition === 'stale') {
    // The text says it in parentheses, behind the state.
    const reason = plainText(status.text.slice(condition.length + 1)).replace(/^\((.*)\)$/, '$1');
    details.push(localTimes(reason, now));
  }
  if (status.isFilterUnpolled) {
    // A stack has its configuration with its functions; a daemon is told of it.
    const told = address.startsWith(' --stack') ? '' : `; tell a daemon that runs: chef-sync-ctl reconfigure${address}`;
    details.push(`the filter changed; the next poll compares both sides anew${told}`);
  }
  const { lastPoll } = status;
  if (lastPoll?.problem !== undefined && lastPoll.problem !== status.paused?.reason) {
    details.push(`last poll: ${plainText(lastPoll.problem)}`);
  }
  if (lastPoll?.deletesWait !== undefined) details.push(plainText(lastPoll.deletesWait));
  for (const plan of status.plans) {
    const what = counted(plan.count, `${plan.kind.replaceAll('_', ' ')} delete`);
    details.push(`${what} held under plan ${plan.id}: ${plan.reason} (${samples(plan.samples, plan.count)})`);
  }
  if (isSteerable && status.plans.length > 0) {
    const ids = status.plans.map(({ id }) => id).join(' ');
    details.push(`let them go, if they are right: chef-sync-ctl approve-deletes ${status.pair} ${ids}${address}`);
  }
  if (counts.parked > 0) {
    const retry = isSteerable ? `; try again at once: chef-sync-ctl retry ${status.pair}${address}` : '';
    details.push(`${counted(counts.parked, 'object')} parked${retry}`);
  }
  if (condition !== 'waiting' || status.paused !== undefined) details.push(...unreadLists(status));
  if (status.unknownPaths.length > 0) {
    const count = status.unknownPaths.length;
    details.push(`the primary names what cannot be replicated: ${samples(status.unknownPaths, count)}`);
  }
  const ages = readingAges(status, now);
  if (ages !== undefined) details.push(ages);
  if (counts.onlyOnReplica > 0)
    details.push(`${counted(counts.onlyOnReplica, 'object')} only on the replica, never touched`);
  const source = sourceOf(status);
  if (source !== undefined) details.push(source);
  return details;
}

const unreadLists = ({ unread }: PairStatus): readonly string[] =>
  unread.map(
    ({ side, list, reason }) => `${side} list ${list} cannot be read, nothing of it is deleted: ${plainText(reason)}`,
  );

/** What to do next, where the state itself does not say it. */
export function nextStep({ pair, condition, counts }: PairStatus, address = ''): string | undefined {
  if (condition === 'never polled') {
    return address.startsWith(' --stack')
      ? 'its schedule starts the first poll within a minute'
      : `start it: chef-sync-ctl run${address}, or beside a daemon: chef-sync-ctl reconfigure${address}`;
  }
  if (condition === 'no longer configured')
    return `add it to the configuration, or remove its state: chef-sync-ctl forget ${pair}${address}`;
  const unsynced = counts.failing + counts.parked + counts.held + counts.absent;
  return unsynced > 0 ? `which and why: chef-sync-ctl unsynced-objects ${pair}${address}` : undefined;
}

function samples(paths: readonly string[], count: number): string {
  const shown = paths.slice(0, SAMPLES).map(plainText).join(', ');
  return count > SAMPLES ? `${shown} and ${count - SAMPLES} more` : shown;
}

/** `names as of T1, contents as of T2`: of both sides the older, because the pair is known to be equal only as of that. */
function readingAges({ readings: { primary, replica } }: PairStatus, now: number): string | undefined {
  const older = (a: number | undefined, b: number | undefined): number | undefined =>
    a === undefined || b === undefined ? undefined : Math.min(a, b);
  const names = older(primary.namesAt, replica.namesAt);
  const contents = older(primary.contentsAt, replica.contentsAt);
  if (names === undefined || contents === undefined) return undefined;
  return `names as of ${formatPast(names, now)}, contents as of ${formatPast(contents, now)}`;
}

function sourceOf({ feed }: PairStatus): string | undefined {
  if (feed === undefined || feed.status === 'unknown') return undefined;
  const note = feed.note === undefined ? '' : `: ${plainText(feed.note)}`;
  if (feed.status === 'in use') return `changes from the feed${note === '' ? '' : `, which did not answer${note}`}`;
  if (feed.status === 'off') return 'changes from the inventory, as configured';
  if (feed.status === 'absent') return 'changes from the inventory, the primary has no feed';
  return `changes from the inventory, the feed does not answer${note}`;
}

/** Ages of all four readings and what there was to read, for the reader who looks at one pair. */
export function readingLines({ readings, counts }: PairStatus, now: number): readonly string[] {
  const lines = (['primary', 'replica'] as const).map((side) => {
    const { namesAt, contentsAt } = readings[side];
    const age = (at: number | undefined): string => (at === undefined ? 'never' : formatPast(at, now));
    return `${side} read completely: names ${age(namesAt)}, contents ${age(contentsAt)}`;
  });
  return [...lines, `${counted(counts.total, 'object')} on the primary as last read`];
}

/** A status as `--json` shows it: instants in UTC, spans in seconds, nothing left out but what there is not. */
export function statusJson(status: PairStatus): Readonly<Record<string, unknown>> {
  const at = (instant: number | undefined): string | undefined =>
    instant === undefined ? undefined : formatInstant(instant);
  const { paused, lastPoll, readings } = status;
  const reading = (side: 'primary' | 'replica') => ({
    namesAt: at(readings[side].namesAt),
    contentsAt: at(readings[side].contentsAt),
  });
  return {
    pair: status.pair,
    condition: status.condition,
    text: status.text,
    lagSeconds: status.lagMs / 1000,
    counts: status.counts,
    readings: { primary: reading('primary'), replica: reading('replica') },
    feed: status.feed && { status: status.feed.status, note: status.feed.note },
    waiting: paused && { ...paused, since: at(paused.since), until: at(paused.until) },
    plans: status.plans.map((plan) => ({ ...plan, at: at(plan.at) })),
    unread: status.unread,
    unknownPaths: status.unknownPaths,
    epoch: status.epoch,
    lastPoll: lastPoll && { ...lastPoll, startedAt: at(lastPoll.startedAt), endedAt: at(lastPoll.endedAt) },
    nextPollAt: at(status.nextPollAt),
  };
}
