import type { RequestFailure } from '../model/chef-request-error.ts';
import type { Side } from '../model/side.ts';

/** Which request of which side failed, for the reader. */
export interface RequestLabel {
  readonly side: Side;
  /** `PUT /roles/web`: never a query, which may hold a signature. */
  readonly request: string;
}

/** What an answer says besides its status and body, as far as failures need it. */
export interface AnswerHeaders {
  readonly date?: string | undefined;
  readonly location?: string | undefined;
}

/** Servers allow 15 minutes; a smaller difference can be no reason for a refusal, and 5 leave room for a slow answer. */
const CLOCK_DIFFERENCE_MS = 5 * 60_000;
/** Server texts are cut to this many characters: enough for every sentence a Chef server has, too short for an object. */
const MAX_TEXT_LENGTH = 300;
/** Objects in one another that an error text is looked for in; proxies nest two. Without an end a hostile answer exhausts the stack. */
const MAX_ERROR_DEPTH = 4;
/** Begins as JSON does, or has a member of an object in it. */
const LOOKS_LIKE_JSON = /^[{["]|"\s*:/;

/** What a read is refused with that permissions deny; an overloaded server says that it cannot verify the user. */
export const READ_DENIED = 'missing read permission';

const OTHER_NAME_CODE = 'ERR_TLS_CERT_ALTNAME_INVALID';
const TLS_CODE =
  /^(CERT_|ERR_TLS_|ERR_SSL_|EPROTO$|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|CRL_|INVALID_CA)/;
const TIME_OUT_CODE = /^(UND_ERR_CONNECT_TIMEOUT|UND_ERR_HEADERS_TIMEOUT|UND_ERR_BODY_TIMEOUT|ETIMEDOUT)$/;

/** The failure that a status other than the expected ones is. */
export function statusFailure(
  label: RequestLabel,
  status: number,
  body: string,
  headers: AnswerHeaders,
  nowMs: number,
): RequestFailure {
  const base = { ...label, cause: 'status', status } as const;
  if (status >= 300 && status < 400) {
    return {
      ...base,
      text: `redirects (${status}) to ${hostOf(headers.location)}, which is never followed; check the URL`,
    };
  }
  const words = serverWords(body);
  const skew = status === 401 ? clockDifference(headers.date, nowMs) : undefined;
  return { ...base, text: skew === undefined ? `${status} ${words}` : `${status} ${words}; ${skew}` };
}

/** The failure of a 2xx that is not what the API promises. */
export function unexpectedAnswer(label: RequestLabel, status: number, came: string, wanted: string): RequestFailure {
  return {
    ...label,
    cause: 'unexpected-answer',
    status,
    text: `${status} with ${came} instead of ${wanted}; check the URL`,
  };
}

/** The failure of a request that got no answer, or only part of one. */
export function transportFailure(label: RequestLabel, host: string, error: unknown): RequestFailure {
  const { code, message } = rootOf(error);
  if (code === OTHER_NAME_CODE) {
    const text = `the certificate of ${host} is for another name (${code}); use the name that it is for`;
    return { ...label, cause: 'tls-name', text };
  }
  if (TLS_CODE.test(code)) {
    return {
      ...label,
      cause: 'tls',
      text: `the certificate of ${host} does not verify (${code}); give its CA as tls.ca`,
    };
  }
  if (TIME_OUT_CODE.test(code)) {
    const what = code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT' ? 'no connection' : 'no answer';
    return { ...label, cause: 'time-out', text: `${what} from ${host} in the time allowed (${code})` };
  }
  return { ...label, cause: 'connection', text: connectionText(host, code, message) };
}

function connectionText(host: string, code: string, message: string): string {
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the name ${host} has no address (${code}); check the URL and DNS`;
    case 'ECONNREFUSED':
      return `nothing listens at ${host}; check the URL, and whether the server is up`;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `${host} cannot be reached from here (${code}); check the network`;
    case 'UND_ERR_ABORTED':
      // undici's code for a proxy that does not open its tunnel.
      return `the proxy on the way to ${host} refused (${shorten(message)}); check HTTPS_PROXY and NO_PROXY`;
    default:
      return `the connection to ${host} broke before the answer was complete (${code || shorten(message)})`;
  }
}

/** The innermost error that has a code: undici and the proxy agent wrap what the socket said. */
function rootOf(error: unknown): { code: string; message: string } {
  let found = { code: '', message: error instanceof Error ? error.message : String(error) };
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    // A host with several addresses fails with one error for each; the first speaks for them.
    const own = at instanceof AggregateError && at.errors[0] instanceof Error ? at.errors[0] : at;
    if ('code' in own && typeof own.code === 'string') found = { code: own.code, message: own.message };
  }
  return found;
}

/**
 * The sentence in an error answer. Servers send `{"error":["text"]}`, but also a string, `message`, an array of character codes, plain
 * text, HTML, XML or nothing. Never shows a JSON document that is no error, nor what follows the host in a URL.
 */
export function serverWords(body: string): string {
  const text = body.trim();
  if (text === '') return '(no text)';
  if (text.startsWith('<')) return markupWords(text);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // An object that was cut or damaged on the way may hold a secret.
    return LOOKS_LIKE_JSON.test(text) ? '(damaged JSON)' : shorten(text);
  }
  return jsonWords(parsed, MAX_ERROR_DEPTH) ?? '(JSON without an error text)';
}

function jsonWords(value: unknown, depth: number): string | undefined {
  if (typeof value === 'string') return shorten(value);
  if (Array.isArray(value)) {
    if (value.length > 0 && value.every((code) => Number.isInteger(code) && code > 0 && code < 0x110000)) {
      return shorten(String.fromCodePoint(...value.slice(0, MAX_TEXT_LENGTH)));
    }
    const texts = value.filter((item) => typeof item === 'string');
    return texts.length > 0 ? shorten(texts.join('; ')) : undefined;
  }
  if (typeof value !== 'object' || value === null || depth === 0) return undefined;
  const error = 'error' in value ? jsonWords(value.error, depth - 1) : undefined;
  const message = 'message' in value ? jsonWords(value.message, depth - 1) : undefined;
  return error !== undefined && message !== undefined ? `${error}: ${message}` : (error ?? message);
}

function markupWords(text: string): string {
  const sentence = /<(title|message)>([^<]*)<\/\1>/i.exec(text)?.[2]?.trim();
  const kind = /^<(!doctype html|html)/i.test(text) ? 'HTML page' : 'XML';
  return sentence === undefined || sentence === '' ? `(an ${kind})` : `(${kind}: ${shorten(sentence)})`;
}

function shorten(text: string): string {
  const oneLine = text
    .replace(/(\bhttps?:\/\/[^\s/"'?]+)[^\s"']*/gi, '$1/…')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters of a foreign server must not reach a terminal or log
    .replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')
    .trim();
  return oneLine.length > MAX_TEXT_LENGTH ? `${oneLine.slice(0, MAX_TEXT_LENGTH)}…` : oneLine;
}

/** What a body is that should have been JSON of the API. */
export function describeBody(body: string): string {
  const text = body.trim();
  if (text === '') return 'an empty body';
  if (text.startsWith('<')) return /^<(!doctype html|html)/i.test(text) ? 'an HTML page' : 'markup';
  try {
    JSON.parse(text);
    return 'JSON of another form';
  } catch {
    return 'text that is no JSON';
  }
}

function hostOf(location: string | undefined): string {
  const url = URL.parse(location ?? '');
  return url === null ? 'another path' : url.host;
}

function clockDifference(date: string | undefined, nowMs: number): string | undefined {
  const theirs = Date.parse(date ?? '');
  if (Number.isNaN(theirs) || Math.abs(theirs - nowMs) <= CLOCK_DIFFERENCE_MS) return undefined;
  const minutes = Math.round((nowMs - theirs) / 60_000);
  return `this machine's clock is ${Math.abs(minutes)} minutes ${minutes > 0 ? 'ahead of' : 'behind'} the server's; set it right`;
}
