const CONNECT_TIMEOUT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 5_000;

/**
 * For every client in a function. Without it a request has all the time of the function: where a subnet has no way to AWS, or a connection
 * died while Lambda had the function frozen, it would end with "Task timed out" and not a word of what it waited for. The SDK tries again.
 */
export const clientSettings = (answerTimeoutMs = ANSWER_TIMEOUT_MS) => ({
  requestHandler: {
    connectionTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: answerTimeoutMs,
    // Otherwise a time-out is a warning, and the request goes on.
    throwOnRequestTimeout: true,
  },
});
