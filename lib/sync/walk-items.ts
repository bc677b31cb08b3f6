import type { Job } from '../model/job.ts';
import type { WalkEnd } from './walk-pair.ts';

/**
 * Hands what a job's request lists to `visit`, `step` of it at a time, from where the slice before ended until time is over; one step is
 * made in any case. Answers where to go on, or undefined when all of it was visited.
 */
export async function walkItems<T>(
  items: readonly T[],
  { place }: Job,
  step: number,
  end: WalkEnd,
  visit: (items: readonly T[]) => Promise<void>,
): Promise<{ readonly index: number } | undefined> {
  let index = place !== undefined && 'index' in place ? place.index : 0;
  while (index < items.length) {
    await visit(items.slice(index, index + step));
    index += step;
    if (index < items.length && end.now() >= end.deadline) return { index };
  }
  return undefined;
}
