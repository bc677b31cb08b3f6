import { createInvoker, type Invoker } from '../aws/invoke-function.ts';
import { askStack } from './ask-stack.ts';
import type { KnownPair, Operator } from './operator.ts';
import type { Page } from './operator-envelope.ts';
import { readRemoteLog } from './read-remote-log.ts';

/** Each look is an invocation. */
const LOOK_EVERY_MS = 2_000;

/**
 * Looks at and steers the pairs of a stack on AWS. Looking invokes `STACK-status` alone, steering `STACK-control`; nothing else of the
 * account is needed or asked. Throws as {@link askStack}.
 */
export function openRemoteOperator(stack: string, invoker: Pick<Invoker, 'invoke'> = createInvoker()): Operator {
  const { status: ask, control } = askStack(stack, invoker);
  let known: Promise<readonly KnownPair[]> | undefined;

  return {
    address: ` --stack ${stack}`,
    lookEveryMs: LOOK_EVERY_MS,
    pairs() {
      known ??= ask({ query: 'pairs' }).then(({ answer }) => answer);
      return known;
    },
    status: (pairs) => allPages((after) => ask({ query: 'status', pairs: [...pairs], after })),
    underWay: (pairs) => allPages((after) => ask({ query: 'under way', pairs: [...pairs], after })),
    async unsyncedPage(pair, filter, after) {
      const { answer: objects, next } = await ask({ query: 'unsynced', pair, ...filter, after });
      return { objects, next };
    },
    async answer(request) {
      const { answer } = await control(request);
      if ('job' in answer) throw new Error('control answered something else than it was asked');
      return answer;
    },
    async forget(pair) {
      while ((await control({ command: 'forget', pair })).next !== undefined);
    },
    log: (pair) => readRemoteLog(ask, pair),
    close: () => undefined,
  };
}

/** What all pages have, one after the other. */
async function allPages<Row>(
  pageAfter: (after: string | undefined) => Promise<Page<readonly Row[]>>,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  let after: string | undefined;
  do {
    const { answer, next } = await pageAfter(after);
    rows.push(...answer);
    after = next;
  } while (after !== undefined);
  return rows;
}
