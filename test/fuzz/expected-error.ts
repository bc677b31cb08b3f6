import { ConfigError } from '../../lib/config/config-error.ts';
import { ChefRequestError } from '../../lib/model/chef-request-error.ts';
import { SyncError } from '../../lib/model/sync-error.ts';

/** Stands in every input where content is that no message may show. */
export const SECRET = 'S3CRETcontent';

/** Shown sentences are read in a terminal: a few lines, not a document. */
const LONGEST_MESSAGE = 1_000;

/** Throws unless the error is one of those that the program means, and says in words what happened without showing content. */
export function checkError(error: unknown): void {
  if (error instanceof ConfigError) {
    for (const problem of error.problems) checkSentence(problem);
    return;
  }
  if (!(error instanceof ChefRequestError || error instanceof SyncError)) {
    throw new Error('an error that nobody expects', { cause: error });
  }
  checkSentence(error.message);
}

/** Throws unless the text is fit to be read by an operator. */
export function checkSentence(text: string): void {
  if (text.includes(SECRET)) throw new Error(`content in a message: ${text}`);
  if (text.length > LONGEST_MESSAGE) throw new Error(`a message of ${text.length} characters: ${text.slice(0, 200)}`);
  if (!/[a-z]+[ -][a-z]+/i.test(text)) throw new Error(`a message without words: ${text}`);
  if (/\[object |undefined|NaN|call stack/.test(text)) throw new Error(`a message for programmers: ${text}`);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal would obey is looked for
  if (/[\u0000-\u001f\u007f-\u009f]/.test(text)) throw new Error(`control characters in a message: ${text}`);
}

/** The result of the work, or undefined when it failed as the program means to. */
export async function resultOf<T>(work: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    checkError(error);
    return undefined;
  }
}
