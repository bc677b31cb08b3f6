import { ChefRequestError } from '../model/chef-request-error.ts';
import type { Side } from '../model/side.ts';
import { SyncError } from '../model/sync-error.ts';
import { judgeFailure } from '../plan/classify-response.ts';
import { guidText, type PairSides } from './pair-context.ts';

/** Guids of both organizations as they are now, `none` without organizations. Rejects with a `SyncError` of scope `endpoint`. */
export async function identitiesOf({ primary, replica }: PairSides): Promise<Readonly<Record<Side, string>>> {
  try {
    const [source, destination] = await Promise.all([primary.probe(), replica.probe()]);
    return { primary: guidText(source.guid), replica: guidText(destination.guid) };
  } catch (error) {
    if (!(error instanceof ChefRequestError)) throw error;
    // The failed request was the probe itself.
    const { code, text, side } = judgeFailure(error.failure, 'failed');
    throw new SyncError(text, { code, scope: 'endpoint', retry: 'later', side }, { cause: error });
  }
}
