import { expect } from 'vitest';
import { describeReplication, type StoryStage } from './replication-story.ts';
import { startFakePair } from './server-kinds.ts';

/** Both servers answer falsely, 404 for existing objects included, from the bootstrap to the end of the changes. */
function overload({ servers }: StoryStage): void {
  // A live server begins at about 60 requests in flight, which the bound of 32 never reaches. Now and then it is busy with others.
  if (servers.fakes === undefined) throw new Error('only fakes can be overloaded at will');
  servers.fakes.primary.faults.overload = { beyondInFlight: 12, answerMs: 2, seed: 1 };
  servers.fakes.replica.faults.overload = { probability: 0.1, answerMs: 2, seed: 2 };
}

/** Calm again. Until now nothing was deleted: an overloaded server's 404 is no evidence. */
function calm({ servers }: StoryStage): void {
  const { primary, replica } = servers.fakes ?? {};
  expect(replica?.requests.count('DELETE', /./)).toBe(0);
  primary?.faults.clear();
  replica?.faults.clear();
}

for (const fill of ['empty', 'half-filled'] as const) {
  describeReplication('an overloaded primary without a feed', fill, {
    start: () => startFakePair({ feed: false }),
    onFilled: overload,
    onChanged: calm,
  });
}
