import type { FaultAction } from '../../lib/local/sandbox-chef-server/fault-switches.ts';

/** An HTML page with status 200, as a front end gives to a client without X-Chef-Version. */
export const htmlPage: FaultAction = {
  kind: 'answer',
  status: 200,
  body: '<html><body><h1>Are You Looking For the Chef Server?</h1></body></html>',
  contentType: 'text/html',
};

/** Status 200 without a body. */
export const emptyAnswer: FaultAction = { kind: 'answer', status: 200, body: '', contentType: 'text/plain' };

/** A list that lies: 200 with no entries. */
export const emptyList: FaultAction = { kind: 'answer', status: 200, body: '{}' };

/** The refusal of a body above the size limit. */
export const bodyTooLarge: FaultAction = {
  kind: 'answer',
  status: 413,
  body: '{"error":"JSON must be no more than 2000000 bytes."}',
};
