import type { Side } from './side.ts';

/** What one failed request or check taught: three questions answered once, at the place that knows. */
export interface SyncErrorFacts {
  /** Stable, upper case, for tables and `--json`: `PRIMARY_UNREACHABLE`, `TOO_LARGE`. */
  readonly code: string;
  /** Whom it concerns: one object, the whole server, or the pair's set-up. */
  readonly scope: 'object' | 'endpoint' | 'pair';
  readonly retry: 'now' | 'later' | 'never';
  readonly side?: Side;
}

/** An expected failure. Its message is one sentence for an operator and never holds a secret or an object's content. */
export class SyncError extends Error implements SyncErrorFacts {
  readonly code: string;
  readonly scope: 'object' | 'endpoint' | 'pair';
  readonly retry: 'now' | 'later' | 'never';
  readonly side?: Side;

  constructor(message: string, facts: SyncErrorFacts, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SyncError';
    this.code = facts.code;
    this.scope = facts.scope;
    this.retry = facts.retry;
    if (facts.side !== undefined) this.side = facts.side;
  }
}

/** The failure of who asks for what there is not, or what must not be: nothing was done, and trying again will not help. */
export const refusal = (code: string, sentence: string, options?: ErrorOptions): SyncError =>
  new SyncError(sentence, { code, scope: 'pair', retry: 'never' }, options);
