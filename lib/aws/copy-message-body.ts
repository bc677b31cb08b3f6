import * as z from 'zod/mini';
import type { CopyMessage } from '../model/copy-message.ts';
import { parseObjectPath } from '../model/object-path.ts';

const bodyShape = z.object({
  pair: z.string(),
  path: z.string(),
  version: z.object({ epoch: z.int(), n: z.int() }),
});

/** The text of a message in a queue. */
export function copyMessageBody({ pair, path, version }: CopyMessage): string {
  return JSON.stringify({ pair, path, version });
}

/** Reads the text of a message. Undefined: somebody else sent it, or it names no object of a known kind; nothing can be done with it. */
export function readCopyMessage(text: string): CopyMessage | undefined {
  const { data } = bodyShape.safeParse(jsonOrUndefined(text));
  if (data === undefined) return undefined;
  const ref = parseObjectPath(data.path);
  return 'unknown' in ref ? undefined : { ...data, path: ref.path };
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
