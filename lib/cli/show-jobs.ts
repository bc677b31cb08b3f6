import type { FinishedJob, JobOrder, JobWatch } from '../runtime/inspector.ts';
import { type Exit, worstExit } from './exit-codes.ts';
import { finishJob } from './finish-job.ts';
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

/** Works on such a job for one pair after the other, shows what each finds, and closes the inspector. Of the pairs the worst counts. */
export async function showJobs(
  { pairs, inspector }: Inspection,
  { json }: InspectionOptions,
  shown: ShownJob,
): Promise<Exit> {
  const screen = screenOn(process.stdout);
  const exits: Exit[] = [];
  const entries: Readonly<Record<string, unknown>>[] = [];
  try {
    for (const pair of pairs) {
      const found = await finishJob(inspector, shown.order(pair), shown);
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
