import type { Overload } from './overload.ts';

/** What happens to a request that a fault rule matches. */
export type FaultAction =
  /** A fixed answer; the request is not carried out. JSON answers carry the header of the Chef API, others do not. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly body: string | Buffer;
      readonly contentType?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Carried out after a pause. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Never answered; the connection stays open until the server stops. Not carried out. */
  | { readonly kind: 'hang' }
  /** Not carried out, the connection is reset. */
  | { readonly kind: 'drop-request' }
  /** Carried out, but the connection is reset before the answer. */
  | { readonly kind: 'drop-answer' }
  /** Carried out, the connection is reset after half of the body. */
  | { readonly kind: 'drop-mid-body' }
  /** Carried out; the connection ends in order, but before the announced Content-Length is reached. */
  | { readonly kind: 'truncate' }
  /** Carried out; one bit in the middle of the answer's body is wrong, its length is right. */
  | { readonly kind: 'corrupt' }
  /** Carried out; a byte in the middle of the answer's body is replaced by one that no UTF-8 text can hold. */
  | { readonly kind: 'invalid-utf8' }
  /** An upload is kept with one wrong bit and answered 204 without an ETag. */
  | { readonly kind: 'keep-wrong-bytes' };

export interface FaultMatch {
  readonly method?: string;
  /** Tested against the path with its query, as sent. */
  readonly path: RegExp;
}

export interface FaultRule {
  readonly match: FaultMatch;
  readonly action: FaultAction;
  /** How many more requests it applies to. */
  timesLeft: number;
  /** How many requests it has applied to. */
  hits: number;
}

/** The switches that make the server misbehave; all off at the start. Each may be set at any time. */
export class FaultSwitches {
  /** Set: the server lies as an overloaded one does. */
  overload: Overload | undefined;
  /** How uploads are stored, see FileStorageSettings. */
  fileStorage: 'files' | 'sql' = 'files';
  /** True: search takes in no more writes (bodies stay current). */
  isSearchIndexFrozen = false;

  private rules: FaultRule[] = [];

  /** Adds a rule; of several that match a request, the oldest with times left applies. `times` absent: for ever. */
  when(match: FaultMatch, action: FaultAction, options: { readonly times?: number } = {}): FaultRule {
    const rule = { match, action, timesLeft: options.times ?? Number.POSITIVE_INFINITY, hits: 0 };
    this.rules.push(rule);
    return rule;
  }

  /** Ends one rule. */
  remove(rule: FaultRule): void {
    this.rules = this.rules.filter((other) => other !== rule);
  }

  /** All switches off. */
  clear(): void {
    this.overload = undefined;
    this.fileStorage = 'files';
    this.isSearchIndexFrozen = false;
    this.rules = [];
  }

  /** The action for a request, which counts as one of the rule's times. */
  take(method: string, path: string): FaultAction | undefined {
    const rule = this.rules.find(
      ({ match, timesLeft }) =>
        timesLeft > 0 && (match.method === undefined || match.method === method) && match.path.test(path),
    );
    if (rule === undefined) return undefined;
    rule.timesLeft -= 1;
    rule.hits += 1;
    return rule.action;
  }
}
