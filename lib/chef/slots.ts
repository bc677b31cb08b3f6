/** A number of places, handed out first come, first served. */
export interface Slots {
  /** Resolves when the caller holds a place, which it must give back with `leave`. */
  enter(): Promise<void>;
  leave(): void;
  /** Fewer places take nobody's place away: they are not handed out again. */
  setPlaces(places: number): void;
  readonly inUse: number;
  readonly waiting: number;
}

/** `places` slots, all free. */
export function createSlots(initialPlaces: number): Slots {
  let places = initialPlaces;
  let inUse = 0;
  const queue: (() => void)[] = [];

  function admit(): void {
    while (inUse < places) {
      const next = queue.shift();
      if (next === undefined) return;
      inUse += 1;
      next();
    }
  }

  return {
    enter() {
      if (inUse < places && queue.length === 0) {
        inUse += 1;
        return Promise.resolve();
      }
      return new Promise((resolve) => queue.push(resolve));
    },
    leave() {
      inUse -= 1;
      admit();
    },
    setPlaces(next) {
      places = next;
      admit();
    },
    get inUse() {
      return inUse;
    },
    get waiting() {
      return queue.length;
    },
  };
}
