/** What a reading of an object's body said of it. Holds nothing of the body. */
export interface Seen {
  readonly fingerprint: string;
  /** A frozen cookbook version. */
  readonly isFrozen: boolean;
  /** Search rows may be stale: a difference counts only when a GET shows it too. */
  readonly isFromSearch: boolean;
}
