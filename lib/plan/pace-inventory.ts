import type { InventoryProgress, PairState, Pass, PassScope, Reading, Unread } from '../model/pair-state.ts';

/**
 * Frozen cookbook versions can be changed by force only (`knife cookbook upload --force`): they are read at half the pace of the rest, which
 * keeps the others' pace in organizations of many versions, and at least once a day.
 */
export const FULL_READING_EVERY_MS = 24 * 60 * 60_000;
const FULL_READING_PACE = 0.5;

/** Whether a rest is over. One that began in the future was noted by a clock that has been set back since: nobody waits for that time. */
const isOver = (since: number, restMs: number, now: number): boolean => now >= since + restMs || now < since;

const isDue = (reading: Reading | undefined, now: number, share: number): boolean =>
  reading === undefined || isOver(reading.endedAt, reading.tookMs / share, now);

const isFullDue = ({ fullAt, fullTookMs = 0 }: InventoryProgress, now: number, share: number): boolean =>
  fullAt === undefined ||
  isOver(fullAt, Math.min(FULL_READING_EVERY_MS, fullTookMs / (share * FULL_READING_PACE)), now);

/** When it is asked which pass begins. */
export interface Moment {
  readonly now: number;
  /** Of the time that readings may take, 0–1. */
  readonly share: number;
  /** Passes of this poll. */
  readonly done: ReadonlySet<PassScope>;
  /** Names are read whatever the pace. */
  readonly areNamesAwaited: boolean;
}

/** Whether a definition waits for a list of the content that it may name, which was not read since. */
export const isContentAwaited = ({ contentAwaitedSince, contentListedAt }: PairState): boolean =>
  contentAwaitedSince !== undefined && contentAwaitedSince > (contentListedAt ?? -1);

/** What a pass reads. */
export interface NextPass {
  readonly scope: PassScope;
  readonly isFull: boolean;
}

/**
 * Which pass a side's inventory begins next, if any: a pass that took t begins again no sooner than t / share after its end (20 t with
 * 5 %), names before contents, each at most once in a poll, and names at once when something waits for them. The first pass of an epoch
 * reads everything, and every contents pass does so 40 t after the last that did.
 */
export function nextPass(
  progress: InventoryProgress,
  { now, share, done, areNamesAwaited }: Moment,
): NextPass | undefined {
  const isFull = isFullDue(progress, now, share);
  if (progress.contents === undefined) return done.has('contents') ? undefined : { scope: 'contents', isFull };
  if (!done.has('names') && (areNamesAwaited || isDue(progress.names, now, share)))
    return { scope: 'names', isFull: false };
  return !done.has('contents') && isDue(progress.contents, now, share) ? { scope: 'contents', isFull } : undefined;
}

/** A pass may count for so many times what the one before it counted for. */
const LONGER_AT_MOST = 3;
/** However short the passes before were, a pass may count for this much. */
const SHORTEST_BOUND_MS = 1_000;

/**
 * What a pass that took `busyMs` counts for in the pace, after one that counted for `earlierMs`. A server's hiccup makes one pass a hundred times
 * longer, and resting a hundred times longer for it would leave the pair blind for an hour; a server that stays slow is believed within a few
 * passes.
 */
const pacedMs = (busyMs: number, earlierMs: number | undefined): number =>
  earlierMs === undefined ? busyMs : Math.min(busyMs, Math.max(SHORTEST_BOUND_MS, earlierMs * LONGER_AT_MOST));

/** Everything of a side that could not be read, lists first. */
export const unreadOf = ({
  unread,
  unshown = [],
}: Pick<InventoryProgress, 'unread' | 'unshown'>): readonly Unread[] => [...unread, ...unshown];

/** The progress of a side when this pass of it has come to its end. A list that it could not read keeps its readings incomplete. */
export function progressAfter(before: InventoryProgress, pass: Pass, now: number): InventoryProgress {
  const { pass: _ended, ...progress } = before;
  const isComplete = unreadOf(pass).length === 0;
  const reading = (earlier: Reading | undefined): Reading => ({
    number: progress.number,
    endedAt: now,
    tookMs: pacedMs(pass.busyMs, earlier?.tookMs),
    completeAt: isComplete ? pass.startedAt : earlier?.completeAt,
  });
  // The first reading of an epoch read the names of every list too. Its time was that of the bodies and sets no pace for names.
  const isFirst = progress.names === undefined;
  const readsNamesToo = pass.scope === 'names' || isFirst;
  // Nor does reading the frozen versions too set the pace of the other contents.
  const contents = reading(progress.contents);
  const tookMs = pass.isFull ? (progress.contents?.tookMs ?? contents.tookMs) : contents.tookMs;
  return {
    ...progress,
    unread: pass.unread,
    unshown: pass.scope === 'contents' ? pass.unshown : before.unshown,
    ...(readsNamesToo ? { names: { ...reading(progress.names), ...(isFirst ? { tookMs: 0 } : {}) } } : {}),
    ...(pass.scope === 'contents' ? { contents: { ...contents, tookMs } } : {}),
    ...(pass.scope === 'contents' && pass.isFull && isComplete
      ? { fullAt: pass.startedAt, fullTookMs: pacedMs(pass.busyMs, progress.fullTookMs) }
      : {}),
  };
}

/** Readings of both sides that took no longer than this are made side by side. Longer ones would fill the memory twice. */
const QUICK_READING_MS = 5_000;

/** Whether both sides are read at once: they were read quickly before, no pass is under way, and the epoch is bootstrapped. */
export const areReadSideBySide = ({ bootstrappedAt, inventory: { primary, replica } }: PairState): boolean =>
  bootstrappedAt !== undefined &&
  [primary, replica].every(
    ({ contents, pass }) => pass === undefined && (contents?.tookMs ?? Infinity) <= QUICK_READING_MS,
  );
