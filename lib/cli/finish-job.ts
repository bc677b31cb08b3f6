import { createLogUpdate } from 'log-update';
import type { FinishedJob, Inspector, JobOrder, JobWatch } from '../runtime/inspector.ts';
import { counted } from './plain-text.ts';
import { screenOn } from './screen.ts';

/** Works on the job of a pair to its end; a terminal sees how far it is. Rejects as `Inspector.finish` does. */
export async function finishJob(
  inspector: Inspector,
  request: JobOrder & { readonly pair: string },
  watch: Omit<JobWatch, 'onCount'> = {},
): Promise<FinishedJob> {
  const screen = screenOn(process.stderr);
  if (!screen.isTerminal) return await inspector.finish(request, watch);
  const draw = createLogUpdate(screen.stream);
  try {
    const onCount = (count: number): void => draw(`${request.pair}  ${counted(count, 'object')} compared`);
    return await inspector.finish(request, { ...watch, onCount });
  } finally {
    draw.clear();
    draw.done();
  }
}
