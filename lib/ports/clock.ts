/** Time and chance, the two things that make runs differ. Simulation owns both. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Resolves after at least that long, or at once when the signal aborts. Never rejects. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** Uniform in [0, 1). */
  random(): number;
}
