import diagnostics from 'node:diagnostics_channel';

/** What undici tells of a request when it makes one. */
interface CreatedRequest {
  readonly request: { readonly method: string; readonly path: string; readonly origin?: string | URL };
}

const isCreatedRequest = (message: unknown): message is CreatedRequest =>
  typeof message === 'object' && message !== null && 'request' in message;

/** Every request that leaves this process, counted at the HTTP client itself. */
export interface RequestCounts {
  readonly total: () => number;
  readonly matching: (origin: string, path: RegExp) => number;
  readonly reset: () => void;
}

export function countRequests(): RequestCounts {
  let seen: { readonly origin: string; readonly line: string }[] = [];
  diagnostics.subscribe('undici:request:create', (message) => {
    if (!isCreatedRequest(message)) return;
    const { method, path, origin } = message.request;
    seen.push({ origin: String(origin), line: `${method} ${path}` });
  });
  return {
    total: () => seen.length,
    matching: (origin, path) => seen.filter((one) => one.origin === origin && path.test(one.line)).length,
    reset: () => {
      seen = [];
    },
  };
}
