import fc from 'fast-check';
import { serverWords, statusFailure } from '../../../lib/chef/failures.ts';
import { ChefRequestError } from '../../../lib/model/chef-request-error.ts';
import { judgeFailure } from '../../../lib/plan/classify-response.ts';
import { checkError, checkSentence, SECRET } from '../expected-error.ts';
import { fuzzTarget } from '../fuzz-target.ts';
import { jsonTree, textOf } from '../json-text.ts';
import { mutatedText } from '../mutated-text.ts';

const WORDS = ['error', 'message', 'error_code', '<title>', '</title>', '<message>', 'https://u:p@h/x?sig=1'];

const told = fc.constantFrom(
  '{"error":["Cannot load role web"]}',
  '{"error":"JSON must be no more than 2000000 bytes."}',
  '{"error":[101,114,114]}',
  '{"error":{"message":"not found"},"message":"x"}',
  '<html><head><title>502 Bad Gateway</title></head></html>',
  '<?xml version="1.0"?><Error><Message>Request has expired</Message></Error>',
  'upstream connect error',
);

/** An object that came with the status of an error, broken off, or with one character damaged. */
const OBJECT = `{"id":"db","password":"${SECRET}","list":["${SECRET}",1]}`;
const object = fc.oneof(
  fc.nat(OBJECT.length).map((end) => OBJECT.slice(0, end)),
  fc
    .tuple(fc.nat(OBJECT.length), fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }))
    .map(([at, damage]) => OBJECT.slice(0, at) + damage + OBJECT.slice(at + 1)),
);

/** Whatever comes with an error, the operator reads one sentence of the server's own words, and never an object. */
export const errorAnswers = fuzzTarget(
  'error answers',
  fc.tuple(
    fc.oneof(
      fc.constantFrom(301, 400, 401, 403, 404, 406, 409, 413, 429, 500, 503),
      fc.integer({ min: 300, max: 999 }),
    ),
    fc.oneof(
      mutatedText(told, WORDS),
      object,
      jsonTree(['error', 'message']).map((tree) => textOf(tree, 0).replaceAll(SECRET, 'told')),
      fc.string({ unit: 'binary', maxLength: 2_000 }),
    ),
    fc.record({ date: fc.string({ maxLength: 30 }), location: fc.oneof(fc.webUrl(), fc.string({ maxLength: 20 })) }),
  ),
  ([status, body, headers]) => {
    serverWords(body);
    const failure = statusFailure(
      { side: 'replica', request: 'PUT /data/a/b' },
      status,
      body,
      headers,
      Date.UTC(2030, 0, 1),
    );
    checkError(new ChefRequestError({ ...failure, text: `the answer ${failure.text}` }));
    for (const probe of ['good', 'failed', undefined] as const) checkSentence(judgeFailure(failure, probe).text);
  },
);
