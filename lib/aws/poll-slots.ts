import type { Clock } from '../ports/clock.ts';
import type { DynamoTable, RowKey } from './dynamo-table.ts';
import { jobSlotKey, slotKey } from './row-keys.ts';

/** A poll's or a job's right to read a server, of which only so many are given at a time. */
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
  const { clock, origin, slots, deadline } = request;
  for (;;) {
    // Polls that start together begin at different slots.
    const first = Math.floor(clock.random() * slots);
    for (let i = 0; i < slots; i += 1) {
      const key = slotKey(origin, (first + i) % slots);
      const slot = await take(request, key);
      if (slot !== undefined) return slot;
    }
    if (clock.now() + LOOK_AGAIN_MS >= deadline) return undefined;
    await clock.sleep(LOOK_AGAIN_MS * (0.5 + clock.random()));
  }
}

/** Takes the slot of jobs of a server for a job, or answers undefined when another job has it. Waits for nothing. */
export const takeJobSlot = (request: Omit<SlotRequest, 'slots' | 'deadline'>): Promise<PollSlot | undefined> =>
  take(request, jobSlotKey(request.origin));

async function take(
  { table, clock, holder, until }: Pick<SlotRequest, 'table' | 'clock' | 'holder' | 'until'>,
  key: RowKey,
): Promise<PollSlot | undefined> {
  const { isChanged } = await table.update<SlotBody>(key, (row) =>
    row === undefined || row.body.until <= clock.now() ? { body: { holder, until } } : undefined,
  );
  if (!isChanged) return undefined;
  return {
    async release() {
      await table.update<SlotBody>(key, (row) =>
        row?.body.holder === holder && row.body.until === until ? { body: { holder, until: 0 } } : undefined,
      );
    },
  };
}
