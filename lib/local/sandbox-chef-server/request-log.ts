/** One request that the server has answered or dropped; status 0 when it gave no answer. */
export interface LoggedRequest {
  readonly method: string;
  /** As sent, with its query. */
  readonly path: string;
  readonly status: number;
  /** The name in X-Ops-Userid, empty for the file storage. */
  readonly user: string;
  /** When it arrived, in milliseconds of the server's clock. */
  readonly at: number;
}

/** What the server has been asked, for tests that count. */
export class RequestLog {
  readonly entries: LoggedRequest[] = [];
  /** The most requests that were in flight at the same time since the last `clear`. */
  highestInFlight = 0;
  private inFlight = 0;

  /** Notes an arrival; returns how many requests are in flight now. */
  arrive(): number {
    this.inFlight += 1;
    this.highestInFlight = Math.max(this.highestInFlight, this.inFlight);
    return this.inFlight;
  }

  /** Notes the end of a request: its answer is sent, or its connection gone. */
  leave(): void {
    this.inFlight -= 1;
  }

  /** How many requests matched. */
  count(method: string, path: RegExp): number {
    return this.entries.filter((entry) => entry.method === method && path.test(entry.path)).length;
  }

  clear(): void {
    this.entries.length = 0;
    this.highestInFlight = this.inFlight;
  }
}
