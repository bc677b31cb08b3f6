import { describe, expect, it } from 'vitest';
import { parseJson, writeJson } from '../../../../lib/local/sandbox-chef-server/json-text.ts';

const stored = (text: string): string => writeJson(parseJson(text));

describe('parseJson and writeJson', () => {
  it.each([
    ['1.10', '1.1'],
    ['1e2', '100.0'],
    ['-0.0', '0.0'],
    ['-0', '0'],
    ['0.1e-7', '1e-8'],
    ['1.0', '1.0'],
    ['9007199254740993', '9007199254740993'],
    ['12345678901234567890', '12345678901234567890'],
  ])('keep the number %s as %s', (sent, kept) => {
    expect(stored(sent)).toBe(kept);
  });

  it('keep the order of keys, duplicate keys, NUL and emoji', () => {
    const text = '{"b":1,"10":2,"a":"\\u0000😀","b":[true,false,null,{}]}';

    expect(stored(` ${text.replaceAll(',', ' , ')} `)).toBe(text);
  });

  it.each(['', '{', '{"a":1,}', '01', '1e400', '"\\ud800"', '[1] 2', '{"a" 1}', 'nul', '"a\nb"'])(
    'refuse %j',
    (text) => {
      expect(() => parseJson(text)).toThrow(SyntaxError);
    },
  );
});
