import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createMemoryWorkQueue, type ReceivedMessage } from '../../../lib/local/memory-work-queue.ts';
import type { OutgoingMessage } from '../../../lib/model/copy-message.ts';
import { fuzzTarget } from '../fuzz-target.ts';

const VISIBILITY_SECONDS = 60;

const step = fc.oneof(
  fc.record({ kind: fc.constant('send' as const), group: fc.nat(2), id: fc.nat(15) }),
  fc.record({ kind: fc.constant('receive' as const), most: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ kind: fc.constant('acknowledge' as const), which: fc.nat(20) }),
  fc.record({ kind: fc.constant('wait' as const), seconds: fc.constantFrom(1, 30, 59, 60, 61, 300) }),
);

/**
 * Whatever is sent, received, acknowledged late or twice, or forgotten: a hidden message is not given out again, a group keeps its order,
 * and every message sent and not acknowledged comes in the end, once its group is free.
 */
export const queueMessages = fuzzTarget('queue messages', fc.array(step, { maxLength: 40 }), async (steps) => {
  let nowMs = 0;
  const queue = createMemoryWorkQueue({ now: () => nowMs, visibilitySeconds: VISIBILITY_SECONDS });
  /** Deduplication ids of messages that are in the queue, in the order of sending, by group. */
  const owed = new Map<string, string[]>();
  const acceptedAt = new Map<string, number>();
  const hiddenUntil = new Map<string, { readonly at: number; readonly receipt: number }>();
  const received: ReceivedMessage[] = [];

  const receive = (most: number): readonly ReceivedMessage[] => {
    const messages = queue.receive(most);
    const [first] = messages;
    if (first === undefined) return messages;
    const ids = messages.map(({ deduplicationId }) => deduplicationId);
    assert.ok(ids.length <= most);
    assert.deepEqual(ids, owed.get(first.groupId)?.slice(0, ids.length), 'the oldest of their group, in order');
    for (const { deduplicationId, receipt } of messages) {
      assert.ok((hiddenUntil.get(deduplicationId)?.at ?? 0) <= nowMs, 'given out while it was hidden');
      hiddenUntil.set(deduplicationId, { at: nowMs + VISIBILITY_SECONDS * 1000, receipt });
    }
    received.push(...messages);
    return messages;
  };
  const acknowledge = (message: ReceivedMessage): void => {
    queue.acknowledge(message);
    const hidden = hiddenUntil.get(message.deduplicationId);
    if (hidden?.receipt !== message.receipt || hidden.at <= nowMs) return;
    hiddenUntil.delete(message.deduplicationId);
    owed.set(
      message.groupId,
      (owed.get(message.groupId) ?? []).filter((id) => id !== message.deduplicationId),
    );
  };

  for (const one of steps) {
    if (one.kind === 'wait') nowMs += one.seconds * 1000;
    if (one.kind === 'receive') receive(one.most);
    if (one.kind === 'acknowledge') {
      const message = received[one.which % Math.max(1, received.length)];
      if (message !== undefined) acknowledge(message);
    }
    if (one.kind === 'send') {
      const message = messageOf(one.group, `${one.group}-${one.id}`);
      const isKnown = (acceptedAt.get(message.deduplicationId) ?? Number.NEGATIVE_INFINITY) > nowMs - 300_000;
      // A message that is still in the queue after its five minutes would be owed twice; the ledger never sends an id again so late.
      if (!isKnown && owed.get(message.groupId)?.includes(message.deduplicationId) === true) continue;
      assert.deepEqual(await queue.send([message]), { failed: [] });
      if (isKnown) continue;
      acceptedAt.set(message.deduplicationId, nowMs);
      owed.set(message.groupId, [...(owed.get(message.groupId) ?? []), message.deduplicationId]);
    }
    assert.equal(queue.waiting() + queue.inFlight(), [...owed.values()].flat().length);
  }
  nowMs += VISIBILITY_SECONDS * 1000;
  for (let messages = receive(10); messages.length > 0; messages = receive(10)) messages.forEach(acknowledge);
  assert.deepEqual([...owed.values()].flat(), [], 'every message was given out in the end');
});

function messageOf(group: number, deduplicationId: string): OutgoingMessage {
  return {
    pair: 'eu/acme',
    path: `/roles/r${group}`,
    version: { epoch: 1, n: 1 },
    phase: 1,
    groupId: `group ${group}`,
    deduplicationId,
  };
}
