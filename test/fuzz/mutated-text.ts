import fc from 'fast-check';

/** Pieces that parsers trip over, put into any text. */
const NASTY = [
  ...[
    '',
    '\0',
    '\n',
    '\r\n',
    '\t',
    ' ',
    '"',
    "'",
    '\\',
    '\\u0000',
    '\\ud800',
    '\ufeff',
    '\u2028',
    '😀',
    'é',
    '%00',
    '%2e%2e',
  ],
  ...[
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '{}',
    '[]',
    '[[[[',
    '{"a":',
    'null',
    'true',
    '0',
    '-0',
    '1e400',
    '1e-400',
    '12345678901234567890',
  ],
  ...[
    '..',
    '.',
    '/',
    '//',
    '__proto__',
    'constructor',
    'toString',
    '<html>',
    '<!DOCTYPE html>',
    '*',
    '&a',
    '*a',
    '- ',
    '? ',
    '#',
    '|',
    '>',
  ],
];

type Edit =
  | { readonly kind: 'insert'; readonly at: number; readonly text: string }
  | { readonly kind: 'delete'; readonly at: number; readonly length: number }
  | { readonly kind: 'repeat'; readonly at: number; readonly length: number; readonly times: number }
  | { readonly kind: 'cut'; readonly at: number };

/** A place in a text, as a share of its length: an edit keeps its meaning when the text shrinks. */
const place = fc.double({ min: 0, max: 1, noNaN: true });
const length = fc.integer({ min: 1, max: 40 });

const edits = (words: readonly string[]): fc.Arbitrary<readonly Edit[]> =>
  fc.array(
    fc.oneof(
      fc.record({
        kind: fc.constant('insert' as const),
        at: place,
        text: fc.oneof(fc.constantFrom(...NASTY, ...words), fc.string({ unit: 'binary', maxLength: 3 })),
      }),
      fc.record({ kind: fc.constant('delete' as const), at: place, length }),
      fc.record({ kind: fc.constant('repeat' as const), at: place, length, times: fc.integer({ min: 1, max: 5 }) }),
      fc.record({ kind: fc.constant('cut' as const), at: place }),
    ),
    { maxLength: 4 },
  );

/** Texts with up to four places damaged; `words` are put in besides what every parser trips over. */
export function mutatedText(texts: fc.Arbitrary<string>, words: readonly string[] = []): fc.Arbitrary<string> {
  return fc.tuple(texts, edits(words)).map(([text, changes]) => changes.reduce(applied, text));
}

function applied(text: string, edit: Edit): string {
  const at = Math.floor(edit.at * text.length);
  switch (edit.kind) {
    case 'insert':
      return text.slice(0, at) + edit.text + text.slice(at);
    case 'delete':
      return text.slice(0, at) + text.slice(at + edit.length);
    case 'repeat':
      return text.slice(0, at) + text.slice(at, at + edit.length).repeat(edit.times) + text.slice(at);
    case 'cut':
      return text.slice(0, at);
  }
}
