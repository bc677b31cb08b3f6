/** What the server answers, before it is put on the wire (and before a fault switch spoils it). */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  /** False for what the front end or the file storage answers: such answers carry no X-Ops headers. */
  readonly isFromApi: boolean;
}

/** A refusal, thrown from anywhere in a request's handling; the server answers with it and has changed nothing more. */
export class RefusedRequestError extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`refused with status ${answer.status}`);
    this.name = 'RefusedRequestError';
    this.answer = answer;
  }
}

/** A successful answer with JSON text. */
export function jsonAnswer(status: number, json: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: json, isFromApi: true };
}

/**
 * An error in the API's usual shape, `{"error":["text"]}`. The live server names no Content-Type for errors that it finds
 * before it negotiates the content, which is all of them but conflicts.
 */
export function errorAnswer(status: number, text: string): Answer {
  const headers: Record<string, string> = status === 409 ? { 'content-type': 'application/json' } : {};
  return { status, headers, body: JSON.stringify({ error: [text] }), isFromApi: true };
}

/** What the front end answers for a path that no route knows. */
export function noRouteAnswer(): Answer {
  return htmlAnswer(404, '<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1></body></html>');
}

/** A page of the front end. */
export function htmlAnswer(status: number, html: string): Answer {
  return { status, headers: { 'content-type': 'text/html' }, body: html, isFromApi: false };
}

/** An error of the file storage. */
export function xmlAnswer(status: number, code: string, message: string): Answer {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
  return { status, headers: { 'content-type': 'application/xml' }, body, isFromApi: false };
}

/** Ends the request with an error of the API. */
export function refuse(status: number, text: string): never {
  throw new RefusedRequestError(errorAnswer(status, text));
}

/** Ends the request with any JSON value in the place of an error. */
export function refuseWithValue(status: number, value: unknown): never {
  throw new RefusedRequestError(jsonAnswer(status, JSON.stringify(value)));
}

/** Ends the request with a page in HTML, as the server makes one where the API gives a refusal no body. */
export function refuseWithPage(status: number): never {
  throw new RefusedRequestError({
    ...htmlAnswer(status, '<html><head><title>404 Not Found</title></head></html>'),
    isFromApi: true,
  });
}

/** Ends the request with an error whose text is not in a list, `{"error":"text"}`, as some endpoints give it. */
export function refuseWithText(status: number, text: string): never {
  const plain = errorAnswer(status, text);
  throw new RefusedRequestError({ ...plain, body: JSON.stringify({ error: text }) });
}
