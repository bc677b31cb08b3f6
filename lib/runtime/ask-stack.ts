import type { Invoker } from '../aws/invoke-function.ts';
import { STACK_NAME } from '../config/stack-name.ts';
import { refusal } from '../model/sync-error.ts';
import type { ControlAnswer } from './aws-control.ts';
import type { StatusAnswers } from './aws-status.ts';
import { openEnvelope, type Page } from './operator-envelope.ts';
import type { ControlOrder, StatusRequest } from './operator-request-schema.ts';

/** Asks the status function of a stack. */
export type AskStatus = <Query extends StatusRequest['query']>(
  request: Extract<StatusRequest, { query: Query }>,
) => Promise<Page<StatusAnswers[Query]>>;

/** The two functions of a stack that answer operators. What they refuse is thrown as its own sentence. */
export interface AskedStack {
  readonly status: AskStatus;
  control(request: ControlOrder): Promise<Page<ControlAnswer>>;
}

/** Asks nothing yet. Throws a `SyncError` for what can be no stack's name. */
export function askStack(stack: string, invoker: Pick<Invoker, 'invoke'>): AskedStack {
  if (!STACK_NAME.test(stack)) {
    throw refusal(
      'STACK_NAME',
      `${JSON.stringify(stack)} is no name of a stack: give the one that it was deployed with, like chef-sync.`,
    );
  }
  const ask = async <Answer>(functionName: string, request: unknown): Promise<Page<Answer>> =>
    openEnvelope(await invoker.invoke(functionName, request), functionName);
  return {
    status: (request) => ask(`${stack}-status`, request),
    control: (request) => ask(`${stack}-control`, request),
  };
}
