import type { PairContext } from './pair-context.ts';
import type { PollLease } from './poll-lease.ts';
import { workUnderWay } from './work-under-way.ts';

/**
 * Whether the pair may send: its lane is that of its configuration. After a deployment that gives it another one nothing is sent to
 * either until no copy has been out for one visibility time-out, which outlasts every copy, also one whose version was replaced
 * meanwhile and of which the ledger knows no more. So two lanes never work on one object at once. Messages that went with the old
 * queue are due again before that. An ordinary poll writes nothing here.
 */
export async function followLane(ctx: PairContext, lease: PollLease): Promise<boolean> {
  const { lane, beganAt, visibilitySeconds } = ctx.queue;
  const known = lease.state().lane;
  if (lane === undefined || (known?.name === lane && known.quietSince === undefined)) return true;
  const note = (next: NonNullable<typeof known>) => lease.write((state) => ({ ...state, lane: next }));
  if (known === undefined || known.name === lane) {
    await note({ name: lane });
    return true;
  }
  const now = ctx.clock.now();
  const { copies } = await workUnderWay(ctx, beganAt);
  if (copies === 0 && known.quietSince !== undefined && now - known.quietSince >= visibilitySeconds * 1000) {
    ctx.log('info', 'the pair has moved to another lane', { lane });
    await note({ name: lane });
    return true;
  }
  ctx.log('info', 'the pair moves to another lane: it sends nothing until its copies have ended', { lane, copies });
  const quietSince = copies === 0 ? (known.quietSince ?? now) : undefined;
  await note({ name: known.name, quietSince });
  return false;
}
