/** Named pieces of work that go on side by side until they are told to end. */
export interface Crew {
  /** Begins work of a name that nobody has at the moment. */
  begin(name: string, work: (signal: AbortSignal) => Promise<void>): void;
  /** Tells the work to end, and resolves when it has; at once when there is none of that name. Never rejects. */
  end(name: string): Promise<void>;
  /**
   * Resolves when the crew's signal was aborted and all work has ended. Work that fails ends all the rest; then this rejects with the first
   * failure.
   */
  done(): Promise<void>;
}

/** A crew without work, whose work ends with the signal at the latest. */
export function createCrew(signal: AbortSignal): Crew {
  const members = new Map<string, { readonly ending: AbortController; readonly ended: Promise<void> }>();
  const over = Promise.withResolvers<void>();
  let failure: { readonly error: unknown } | undefined;
  const finish = (): void => over.resolve();
  if (signal.aborted) finish();
  else signal.addEventListener('abort', finish, { once: true });

  return {
    begin(name, work) {
      const ending = new AbortController();
      const ended = work(AbortSignal.any([signal, ending.signal])).catch((error: unknown) => {
        failure ??= { error };
        finish();
      });
      members.set(name, { ending, ended });
    },
    async end(name) {
      const member = members.get(name);
      member?.ending.abort();
      await member?.ended;
      if (members.get(name) === member) members.delete(name);
    },
    async done() {
      await over.promise;
      for (const { ending } of members.values()) ending.abort();
      await Promise.all([...members.values()].map(({ ended }) => ended));
      if (failure !== undefined) throw failure.error;
    },
  };
}
