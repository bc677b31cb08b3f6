import { type ErrorCode, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml';
import type { ConfigPath } from './config-problem.ts';

/** A position in the file; lines and columns count from 1, as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A YAML text that was read, well or badly. */
export interface YamlSource {
  /** The content as plain data; undefined when the syntax is too broken to go on. */
  readonly content: unknown;
  /** What is wrong with the YAML itself. Never quotes the text: someone may have pasted a key into it. */
  readonly syntaxProblems: readonly { readonly position: Position; readonly sentence: string }[];
  /** The position of a place's key, or of the item in a list; of the nearest enclosing place if the file lacks it. */
  positionOf(path: ConfigPath): Position;
}

/** Where the parser's own message speaks to programmers. */
const PLAIN_COMPLAINTS: ReadonlyMap<ErrorCode, string> = new Map([
  ['MULTIPLE_DOCS', 'a second document begins'],
  ['NON_STRING_KEY', 'a key must be a word'],
  ['RESOURCE_EXHAUSTION', 'too many levels'],
]);

const START: Position = { line: 1, column: 1 };

/** A text with more levels than anybody writes. */
const TOO_DEEP: YamlSource = {
  content: undefined,
  syntaxProblems: [{ position: START, sentence: 'this is not valid YAML (too many levels); correct the syntax' }],
  positionOf: () => START,
};

/** Undefined: the parser, which goes down level by level, ran out of stack before it came to its own bound of levels. */
function parsed(text: string, lineCounter: LineCounter): ReturnType<typeof parseDocument> | undefined {
  try {
    return parseDocument(text, { lineCounter, prettyErrors: false, stringKeys: true });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Reads one YAML document. Never throws, whatever the text. Anchors and aliases work; merge keys (`<<`) do not. */
export function readYaml(text: string): YamlSource {
  const lineCounter = new LineCounter();
  const document = parsed(text, lineCounter);
  if (document === undefined) return TOO_DEEP;
  const positionAt = (offset: number): Position => {
    const { line, col } = lineCounter.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const problemAt = (offset: number, sentence: string) => ({ position: positionAt(offset), sentence });

  const positionOf = (path: ConfigPath): Position => {
    let offset = document.contents?.range?.[0] ?? 0;
    let node: Node | null | undefined = document.contents;
    for (const segment of path) {
      if (isAlias(node)) node = node.resolve(document);
      const child = childOf(node, segment);
      if (child === undefined) break;
      offset = child.offset;
      node = child.node;
    }
    return positionAt(offset);
  };

  const repeatedKeys = document.errors.filter((error) => error.code === 'DUPLICATE_KEY');
  const firstSyntaxError = document.errors.find((error) => error.code !== 'DUPLICATE_KEY') ?? document.warnings[0];
  const syntaxProblems = repeatedKeys.map((error) =>
    problemAt(error.pos[0], 'this key is written twice in the same place; remove one of the two'),
  );
  if (firstSyntaxError !== undefined) {
    // The parser's later errors are nearly always consequences of its first. What it quotes at the end is left out, and what it quotes without
    // marks may hold control characters.
    const complaint =
      PLAIN_COMPLAINTS.get(firstSyntaxError.code) ??
      firstSyntaxError.message.replace(/: ".*"$/s, '').replace(/\p{C}+/gu, ' ');
    const sentence = `this is not valid YAML (${complaint}); correct the syntax here`;
    return {
      content: undefined,
      syntaxProblems: [...syntaxProblems, problemAt(firstSyntaxError.pos[0], sentence)],
      positionOf,
    };
  }
  try {
    visit(document, {
      Pair(_, { key }) {
        // As a key of a JavaScript object it would be passed over by every check that follows.
        if (isScalar(key) && key.value === '__proto__') {
          syntaxProblems.push(problemAt(key.range?.[0] ?? 0, '__proto__ cannot be a key; choose another name'));
        }
      },
    });
    return { content: document.toJS(), syntaxProblems, positionOf };
  } catch (error) {
    // An alias without its anchor, aliases of aliases that would grow without end, or thousands of levels.
    const complaint = error instanceof Error ? error.message : 'it cannot be read';
    const sentence = `this is not usable YAML (${complaint}); write the values out, without aliases`;
    return { content: undefined, syntaxProblems: [...syntaxProblems, problemAt(0, sentence)], positionOf };
  }
}

function childOf(
  parent: Node | null | undefined,
  segment: PropertyKey,
): { readonly offset: number; readonly node: Node | null } | undefined {
  if (isMap<Node, Node | null>(parent)) {
    const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === segment);
    return pair && { offset: pair.key.range?.[0] ?? 0, node: pair.value };
  }
  if (isSeq<Node>(parent) && typeof segment === 'number') {
    const item = parent.items[segment];
    return item && { offset: item.range?.[0] ?? 0, node: item };
  }
  return undefined;
}
