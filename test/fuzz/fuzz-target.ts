import fc from 'fast-check';

/** Longest time one input may take on a busy machine; what takes longer is as good as hanging. */
const LONGEST_INPUT_MS = 10_000;

/** What one input did that it must not, with all that is needed to see it again. */
export interface FuzzFinding {
  readonly kind: string;
  readonly seed: number;
  /** The smallest input found that does it, as a JavaScript literal. */
  readonly input: string;
  readonly problem: string;
}

export interface FuzzRun {
  /** Inputs tried, those of the search for a smaller one not counted. */
  readonly inputs: number;
  readonly finding?: FuzzFinding;
}

/** One kind of input, and how the program must take it. */
export interface FuzzTarget {
  /** For the reader: "feed documents". */
  readonly kind: string;
  /** Tries inputs until one does what it must not. The same seed and number give the same inputs. */
  run(options: { readonly seed: number; readonly inputs: number }): Promise<FuzzRun>;
}

/** A target whose `check` throws when the program took an input as it must not. */
export function fuzzTarget<Input>(
  kind: string,
  inputs: fc.Arbitrary<Input>,
  check: (input: Input) => void | Promise<void>,
): FuzzTarget {
  const property = fc.asyncProperty(inputs, async (input) => {
    const startedAt = performance.now();
    await check(input);
    const tookMs = performance.now() - startedAt;
    if (tookMs > LONGEST_INPUT_MS) throw new Error(`one input took ${Math.round(tookMs)} ms`);
  });
  return {
    kind,
    async run({ seed, inputs: numRuns }) {
      const details = await fc.check(property, { seed, numRuns });
      if (!details.failed) return { inputs: details.numRuns };
      const { errorInstance } = details;
      const problem =
        errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : 'no error given';
      return { inputs: details.numRuns, finding: { kind, seed, input: fc.stringify(details.counterexample), problem } };
    },
  };
}
