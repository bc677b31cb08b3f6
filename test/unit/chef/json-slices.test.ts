import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arrayElements, memberText, objectMembers } from '../../../lib/chef/json-slices.ts';

describe('objectMembers', () => {
  test('numbers, escapes and spaces of values come out as they were written', () => {
    const text = ' { "big" : 12345678901234567890, "f":1.0 ,"s":"a\\"},{b", "o":{ "x" : [1, 2] } }\n';
    expect(objectMembers(text)).toEqual([
      ['big', '12345678901234567890'],
      ['f', '1.0'],
      ['s', '"a\\"},{b"'],
      ['o', '{ "x" : [1, 2] }'],
    ]);
  });

  test('an escaped key is found by its meaning, and of two equal keys the last counts', () => {
    expect(memberText('{"r\\u0061w":1,"raw":2}', 'raw')).toBe('2');
    expect(memberText('{}', 'raw')).toBeUndefined();
  });
});

describe('slices of any JSON', () => {
  test('every member and element is cut exactly, whatever the spacing', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.array(fc.jsonValue()),
        fc.constantFrom(0, 2),
        (object, array, indent) => {
          const members = objectMembers(JSON.stringify(object, null, indent));
          const elements = arrayElements(JSON.stringify(array, null, indent));

          const plain: unknown = JSON.parse(JSON.stringify(object));
          expect(Object.fromEntries(members.map(([key, text]) => [key, JSON.parse(text)]))).toEqual(plain);
          expect(elements.map((text) => JSON.parse(text))).toEqual(JSON.parse(JSON.stringify(array)));
        },
      ),
    );
  });
});
