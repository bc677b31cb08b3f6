import { ChefRequestError } from '../model/chef-request-error.ts';
import { guidText } from '../model/pair-state.ts';
import type { Side } from '../model/side.ts';
import { SyncError } from '../model/sync-error.ts';
import { judgeFailure } from '../plan/classify-response.ts';
import type { PairSides } from './pair-context.ts';

/** Guids of both organizations, as the state of a pair keeps them: `none` without organizations. */
export type Identities = Readonly<Record<Side, string>>;

/** Who both organizations are now. Rejects with the `ChefRequestError` of a probe. */
export async function probeBoth({ primary, replica }: Pick<PairSides, Side>): Promise<Identities> {
  const [source, destination] = await Promise.all([primary.probe(), replica.probe()]);
  return { primary: guidText(source.guid), replica: guidText(destination.guid) };
}

/** As `probeBoth`, but rejects with a `SyncError` of scope `endpoint`. */
export async function identitiesOf(sides: PairSides): Promise<Identities> {
  try {
    return await probeBoth(sides);
  } catch (error) {
    if (!(error instanceof ChefRequestError)) throw error;
    // The failed request was the probe itself.
    const { code, text, side } = judgeFailure(error.failure, 'failed');
    throw new SyncError(text, { code, scope: 'endpoint', retry: 'later', side }, { cause: error });
  }
}
