import type { Clock } from '../ports/clock.ts';
import type { DynamoTable } from './dynamo-table.ts';
import { slotKey } from './row-keys.ts';

/** A poll's right to read a server, of which only so many are given at a time. */
export interface PollSlot {
  /** Gives the slot to the next poll; without effect when its time is over and another one has it. */
  release(): Promise<void>;
}

/** Pause between two looks for a free slot; polls of an unchanged pair hold theirs for a second or two. */
const LOOK_AGAIN_MS = 1_000;

interface SlotBody {
  readonly holder: string;
  readonly until: number;
}

export interface SlotRequest {
  readonly table: DynamoTable;
  readonly clock: Clock;
  /** Scheme, host and port of the server. */
  readonly origin: string;
  readonly slots: number;
  /** Who takes it; no other may have the same name at the same time. */
  readonly holder: string;
  /** Time (ms) from which on the slot is free again, whatever became of its holder. */
  readonly until: number;
  /** Time (ms) at which the wait ends in vain. */
  readonly deadline: number;
}

/** Waits for one of the server's slots. Undefined: none was free until the deadline. */
export async function takePollSlot(request: SlotRequest): Promise<PollSlot | undefined> {
  const { table, clock, origin, slots, holder, until, deadline } = request;
  for (;;) {
    // Polls that start together begin at different slots.
    const first = Math.floor(clock.random() * slots);
    for (let i = 0; i < slots; i += 1) {
      const key = slotKey(origin, (first + i) % slots);
      const { isChanged } = await table.update<SlotBody>(key, (row) =>
        row === undefined || row.body.until <= clock.now() ? { body: { holder, until } } : undefined,
      );
      if (!isChanged) continue;
      return {
        async release() {
          await table.update<SlotBody>(key, (row) =>
            row?.body.holder === holder && row.body.until === until ? { body: { holder, until: 0 } } : undefined,
          );
        },
      };
    }
    if (clock.now() + LOOK_AGAIN_MS >= deadline) return undefined;
    await clock.sleep(LOOK_AGAIN_MS * (0.5 + clock.random()));
  }
}
