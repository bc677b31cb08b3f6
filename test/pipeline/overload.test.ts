import { describeReplication } from './replication-story.ts';
import { type ServerPair, startFakePair } from './server-kinds.ts';

/** Both servers answer falsely, 404 for existing objects included. */
function begin({ fakes }: ServerPair): void {
  if (fakes === undefined) throw new Error('only fakes can be overloaded at will');
  // A live server begins at about 60 requests in flight, which our bound never reaches; this one is smaller.
  fakes.primary.faults.overload = { beyondInFlight: 6, answerMs: 2, seed: 1 };
  // And this one is busy with others now and then.
  fakes.replica.faults.overload = { probability: 0.08, answerMs: 2, seed: 2 };
}

function end({ fakes }: ServerPair): void {
  fakes?.primary.faults.clear();
  fakes?.replica.faults.clear();
}

for (const fill of ['empty', 'half-filled'] as const) {
  describeReplication('an overloaded primary without a feed', fill, {
    start: () => startFakePair({ feed: false }),
    trouble: { begin, end },
  });
}
