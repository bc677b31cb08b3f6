import { createInterface } from 'node:readline/promises';
import { refusal } from '../model/sync-error.ts';
import { releaseLines } from './screen.ts';
import { INTERRUPTED } from './stop-signals.ts';

/** How a question is asked. */
export interface QuestionOptions {
  /** What an empty answer means; without it an empty answer will not do. */
  readonly usual?: string;
  /** Why an answer will not do. */
  readonly refuse?: (answer: string) => string | undefined;
}

/** Asks a person at a terminal. */
export interface Asker {
  /** Asks until an answer will do. Throws a SyncError when the person goes away (Ctrl-C, Ctrl-D). */
  ask(question: string, options?: QuestionOptions): Promise<string>;
  close(): void;
}

/** Asks on these streams. Lines that are typed or pasted before their question are kept for it. */
export function createAsker(input: NodeJS.ReadableStream, output: NodeJS.WritableStream): Asker {
  const lines = createInterface({ input, output });
  const typed = lines[Symbol.asyncIterator]();
  lines.once('SIGINT', () => lines.close());
  const read = async (prompt: string): Promise<string> => {
    lines.setPrompt(prompt);
    lines.prompt();
    const { value, done } = await typed.next();
    if (done !== true) return value.trim();
    output.write('\n');
    throw refusal(INTERRUPTED, 'Nothing more was done, because not everything was answered.');
  };
  return {
    async ask(question, { usual, refuse } = {}) {
      const hint = usual === undefined || usual === '' ? '' : ` [${usual}]`;
      for (;;) {
        const answer = await read(`${question}${hint}: `);
        if (answer === '' && usual !== undefined) return usual;
        const refusal = answer === '' ? 'must be answered' : refuse?.(answer);
        if (refusal === undefined) return answer;
        output.write(`  ${refusal}\n`);
      }
    },
    close: () => lines.close(),
  };
}

/** Whether somebody sits there who can be asked. */
export const canAsk = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true;

/** Asks on the terminal; only the whole word "yes" is one. Throws as {@link Asker}. */
export async function isConfirmed(question: string): Promise<boolean> {
  // Whoever is asked must see what about, with --quiet too.
  releaseLines(false);
  const asker = createAsker(process.stdin, process.stderr);
  try {
    return (await asker.ask(`${question} Type yes to go on`, { usual: 'no' })) === 'yes';
  } finally {
    asker.close();
  }
}
