import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseExactObject, writeExactJson } from '../../../lib/plan/exact-json.ts';

const canonical = (text: string) => writeExactJson(parseExactObject(text));

describe('parseExactObject', () => {
  test.each([
    ['two numbers', '{"a":1.0,"a":2.50}', '{"a":2.5}'],
    ['a list, then a number', '{"a":[1.0],"a":2.50}', '{"a":2.5}'],
    ['a number, then a list', '{"a":2.0,"b":7,"a":[1.50]}', '{"a":[1.5],"b":7}'],
    ['two objects', '{"a":{"b":1.0,"c":3},"a":{"c":2.50}}', '{"a":{"c":2.5}}'],
    ['an integer-like key', '{"1":1.0,"1":2.50}', '{"1":2.5}'],
    ['__proto__', '{"__proto__":1,"__proto__":{"x":2.50}}', '{"__proto__":{"x":2.5}}'],
  ])('takes the last of duplicate keys: %s', (_what, text, expected) => {
    expect(canonical(text)).toBe(canonical(expected));
  });

  test('keeps a key with an escape apart from the key with a backslash that was read before it', () => {
    expect(canonical('{"path":1,"C\\\\":2}')).toBe('{"C\\\\":2,"path":1}');
    expect(canonical('{"path":1,"C\\n":3.50}')).toBe('{"C\\n":35e-1,"path":1}');
  });

  test.each(['', '[]', '"text"', '1', 'null', '{"a":1', '{"a":01}', '<html>'])('refuses %s', (text) => {
    expect(() => parseExactObject(text)).toThrow('cannot be compared');
  });

  test('never quotes an unreadable text, which may be a secret', () => {
    for (const text of ['{"password":"hunter2",}', '["hunter2"]', 'hunter2']) {
      const shown: string[] = [];
      try {
        parseExactObject(text);
      } catch (error) {
        shown.push(inspect(error, { depth: 10 }));
      }
      expect(shown).toEqual([expect.stringContaining('cannot be compared')]);
      expect(shown.join()).not.toContain('hunter2');
    }
  });

  test('refuses nesting that would exhaust the stack with a sentence', () => {
    expect(() => parseExactObject(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)).toThrow('nested too deeply');
  });
});

describe('writeExactJson', () => {
  test('writes whatever can be read, at any depth', () => {
    const depths = Array.from({ length: 60 }, (_, i) => i * 100);
    for (const depth of depths) {
      const text = `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
      let object: ReturnType<typeof parseExactObject>;
      try {
        object = parseExactObject(text);
      } catch {
        continue;
      }
      expect(writeExactJson(object)).toBe(text);
    }
  });

  test('key order, white space and escapes make no difference', () => {
    expect(canonical('{"b":"\\u003ca\\/\\u00e9>","a":[1.0, true]}')).toBe(canonical('{ "a" : [1,true], "b":"<a/é>" }'));
  });

  test('any JSON object survives, numbers aside', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true }), (object) => {
        const text = JSON.stringify(object);
        expect(JSON.parse(canonical(text))).toEqual(JSON.parse(text, (_key, value) => (value === 0 ? 0 : value)));
        expect(canonical(canonical(text))).toBe(canonical(text));
      }),
    );
  });

  test('a number and the string of its digits stay apart', () => {
    expect(canonical('{"a":1}')).not.toBe(canonical('{"a":"1"}'));
  });
});
