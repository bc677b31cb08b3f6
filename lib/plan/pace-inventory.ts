import type { InventoryProgress, PassScope, Reading } from '../model/pair-state.ts';

/**
 * Frozen cookbook versions can be changed by force only (`knife cookbook upload --force`): they are read at half the pace of the rest, which
 * keeps the others' pace in organizations of many versions, and at least once a day.
 */
export const FULL_READING_EVERY_MS = 24 * 60 * 60_000;
const FULL_READING_PACE = 0.5;

const isDue = (reading: Reading | undefined, now: number, share: number): boolean =>
  reading === undefined || now >= reading.endedAt + reading.tookMs / share;

const isFullDue = ({ fullAt, fullTookMs = 0 }: InventoryProgress, now: number, share: number): boolean =>
  fullAt === undefined || now >= fullAt + Math.min(FULL_READING_EVERY_MS, fullTookMs / (share * FULL_READING_PACE));

/** What a pass reads. */
export interface NextPass {
  readonly scope: PassScope;
  readonly isFull: boolean;
}

/**
 * Which pass a side's inventory begins next, if any: a pass that took t begins again no sooner than t / share after its end (20 t with
 * 5 %), names before contents, each at most once in a poll. The first pass of an epoch reads everything, and every contents pass does so
 * 40 t after the last that did.
 */
export function nextPass(
  progress: InventoryProgress,
  { now, share, done }: { readonly now: number; readonly share: number; readonly done: ReadonlySet<PassScope> },
): NextPass | undefined {
  const isFull = isFullDue(progress, now, share);
  if (progress.contents === undefined) return done.has('contents') ? undefined : { scope: 'contents', isFull };
  if (!done.has('names') && isDue(progress.names, now, share)) return { scope: 'names', isFull: false };
  return !done.has('contents') && isDue(progress.contents, now, share) ? { scope: 'contents', isFull } : undefined;
}
