import fc from 'fast-check';
import { seededRandom } from '../../lib/local/sandbox-chef-server/seeded-random.ts';
import { SECRET } from './expected-error.ts';

/** A JSON value before it is written: members in order, duplicates included, numbers by their text. */
export type JsonTree =
  | { readonly kind: 'literal'; readonly text: 'null' | 'true' | 'false' }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'array'; readonly elements: readonly JsonTree[] }
  | { readonly kind: 'object'; readonly members: readonly (readonly [string, JsonTree])[] };

const digits = (maxLength: number): fc.Arbitrary<string> => fc.stringMatching(new RegExp(`^[0-9]{1,${maxLength}}$`));

/** Texts of JSON numbers of any size and spelling. */
export const numberText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '0',
    '-0',
    '1',
    '1.0',
    '1e0',
    '10e-1',
    '100',
    '1E+2',
    '9007199254740993',
    '1e400',
    '-1e-400',
    '0.1e-7',
  ),
  fc
    .tuple(
      fc.constantFrom('', '-'),
      fc.oneof(fc.constant('0'), fc.stringMatching(/^[1-9][0-9]{0,24}$/)),
      fc.option(digits(24), { nil: undefined }),
      fc.option(fc.tuple(fc.constantFrom('e', 'E'), fc.constantFrom('', '+', '-'), digits(4)), { nil: undefined }),
    )
    .map(([sign, integer, fraction, exponent]) =>
      [sign, integer, fraction === undefined ? '' : `.${fraction}`, (exponent ?? []).join('')].join(''),
    ),
);

const anyString = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.string({ unit: fc.constantFrom('a', '"', '\\', '\n', '\ud83d', '\ude00', '{', ',', ':'), maxLength: 6 }),
  fc.constant(SECRET),
);

/** Trees of JSON values. `words` come often as keys and as strings, so that members meet. */
export function jsonTree(words: readonly string[]): fc.Arbitrary<JsonTree> {
  const key = fc.oneof(
    fc.constantFrom('a', 'b', '10', '9', '__proto__', 'toJSON', ...words),
    fc.string({ maxLength: 3 }),
  );
  return fc.letrec<{ value: JsonTree }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.record({
        kind: fc.constant('literal' as const),
        text: fc.constantFrom('null' as const, 'true' as const, 'false' as const),
      }),
      fc.record({ kind: fc.constant('number' as const), text: numberText }),
      fc.record({ kind: fc.constant('string' as const), value: fc.oneof(anyString, fc.constantFrom('', ...words)) }),
      fc.record({ kind: fc.constant('array' as const), elements: fc.array(tie('value'), { maxLength: 4 }) }),
      fc.record({
        kind: fc.constant('object' as const),
        members: fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }),
      }),
    ),
  })).value;
}

/** Trees of JSON objects. */
export const jsonObjectTree = (words: readonly string[]): fc.Arbitrary<JsonTree> =>
  jsonTree(words).map((tree) => (tree.kind === 'object' ? tree : { kind: 'object', members: [['a', tree]] }));

/** A text of the value; another `style` gives other white space, escapes, order of members and spellings of numbers. Style 0 is plain. */
export function textOf(tree: JsonTree, style: number): string {
  if (style === 0) return written(tree, undefined);
  return written(tree, seededRandom(style));
}

function written(tree: JsonTree, random: (() => number) | undefined): string {
  const space = (): string => (random === undefined ? '' : ([' ', '\n', '\t', '\r'][Math.floor(random() * 16)] ?? ''));
  switch (tree.kind) {
    case 'literal':
      return tree.text;
    case 'number':
      return random === undefined ? tree.text : respelt(tree.text, random);
    case 'string':
      return quoted(tree.value, random);
    case 'array':
      return `[${space()}${tree.elements.map((element) => `${written(element, random)}${space()}`).join(',')}]`;
    case 'object': {
      const members = tree.members.map(
        ([key, value]) => `${space()}${quoted(key, random)}${space()}:${space()}${written(value, random)}${space()}`,
      );
      // Turning the order around also decides which of two equal keys is the last one.
      return `{${(random !== undefined && random() < 0.3 ? members.reverse() : members).join(',')}}`;
    }
  }
}

function quoted(value: string, random: (() => number) | undefined): string {
  if (random === undefined) return JSON.stringify(value);
  const escaped = Array.from({ length: value.length }, (_, index) => {
    const unit = value.charCodeAt(index);
    if (random() < 0.2) return `\\u${unit.toString(16).padStart(4, '0')}`;
    return JSON.stringify(value.charAt(index)).slice(1, -1);
  });
  return `"${escaped.join('')}"`;
}

/** Another spelling of the same number. */
function respelt(text: string, random: () => number): string {
  const choice = random();
  if (choice < 0.6 || /[eE]/.test(text)) return text;
  if (choice < 0.75) return `${text}e0`;
  return text.includes('.') ? `${text}00` : `${text}.0`;
}
