import { SyncError } from '../model/sync-error.ts';
import { type FinishedJob, JobError, type JobOrder, type JobWatch } from '../runtime/inspector.ts';
import { type Exit, worstExit } from './exit-codes.ts';
import { explainError } from './explain-error.ts';
import { finishJob } from './finish-job.ts';
import { homeAddress } from './home-address.ts';
import type { Inspection, InspectionOptions } from './open-inspection.ts';
import { printJson } from './print-json.ts';
import { type Screen, screenOn } from './screen.ts';

/** A kind of job, and how what it finds of a pair is shown. */
export interface ShownJob extends Pick<JobWatch, 'keepsValues'> {
  order(pair: string): JobOrder;
  exit(found: FinishedJob): Exit;
  json(pair: string, found: FinishedJob): Readonly<Record<string, unknown>>;
  lines(pair: string, found: FinishedJob, screen: Screen): readonly string[];
}

/**
 * Works on such a job for one pair after the other, shows what each finds, and closes the inspector. A pair that cannot be looked into, a
 * fault of ours too, is told on stderr, and the others go on. Of the pairs the worst counts. Rejects with what would keep every pair from
 * being looked into.
 */
export async function showJobs(
  { pairs, inspector }: Inspection,
  options: InspectionOptions,
  shown: ShownJob,
): Promise<Exit> {
  const { json } = options;
  const screen = screenOn(process.stdout);
  const exits: Exit[] = [];
  const entries: Readonly<Record<string, unknown>>[] = [];
  try {
    for (const pair of pairs) {
      const found = await finishJob(inspector, shown.order(pair), shown).catch(failureOfPair);
      if ('failure' in found) {
        const { exit, lines } = explainError(found.failure, options.debug === true, homeAddress(options), pair);
        exits.push(exit);
        entries.push({ pair, problem: found.failure.message });
        for (const line of lines) screenOn(process.stderr).line(line);
        continue;
      }
      exits.push(shown.exit(found));
      if (json === true) entries.push(shown.json(pair, found));
      else for (const line of shown.lines(pair, found, screen)) screen.line(line);
    }
  } finally {
    await inspector.close();
  }
  const exit = worstExit(exits);
  if (json === true) printJson(exit, { pairs: entries });
  return exit;
}

/** What keeps one pair from being looked into, as a value. Throws what is refused: the same would be refused for the others. */
function failureOfPair(error: unknown): { readonly failure: Error } {
  const failure = error instanceof Error ? error : new Error(String(error));
  const isRefused = failure instanceof SyncError && !(failure instanceof JobError);
  // A function of a stack that died of one pair may well answer for another.
  if (isRefused && failure.code !== 'FUNCTION_FAILED') throw error;
  return { failure };
}
