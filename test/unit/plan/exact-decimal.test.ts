import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exactDecimal } from '../../../lib/plan/exact-decimal.ts';

describe('exactDecimal', () => {
  test.each([
    ['1', '1.0', '1e0', '10e-1', '0.1E+1', '1.000'],
    ['1.10', '1.1', '11e-1', '0.11e1'],
    ['100.0', '1e2', '100', '1E+02', '0.0100e4'],
    ['0', '-0', '0.0', '-0.0e7', '0e999999999'],
    ['-2.50', '-2.5', '-25e-1'],
    ['1e400', '10e399'],
    ['0.1e-7', '1e-8'],
  ])('gives every spelling of %s one text', (...spellings) => {
    expect(new Set(spellings.map(exactDecimal)).size).toBe(1);
  });

  test('keeps integers apart that a double cannot', () => {
    expect(exactDecimal('9007199254740993')).toBe('9007199254740993');
    expect(exactDecimal('9007199254740992')).toBe('9007199254740992');
    expect(exactDecimal('12345678901234567891')).not.toBe(exactDecimal('12345678901234567892'));
  });

  test('keeps numbers apart whose difference or size no double can hold', () => {
    expect(exactDecimal('0.1')).not.toBe(exactDecimal('0.1000000000000000055511151231257827'));
    expect(exactDecimal('1e400')).not.toBe(exactDecimal('1e401'));
    expect(exactDecimal('1')).not.toBe(exactDecimal('-1'));
  });

  test('stays short for absurd exponents', () => {
    expect(exactDecimal('1e999999999')).toBe('1e999999999');
    expect(exactDecimal('1e-99999999999999999999')).toBe('1e-99999999999999999999');
  });

  test('reads a megabyte of zeros', () => {
    expect(exactDecimal(`1${'0'.repeat(1_000_000)}`)).toBe('1e1000000');
    expect(exactDecimal(`0.${'0'.repeat(1_000_000)}1`)).toBe('1e-1000001');
  });

  test.each(['', '+1', '.5', '1.', '0x1', 'NaN', ' 1', '1e'])('refuses "%s", which is no JSON number', (text) => {
    expect(() => exactDecimal(text)).toThrow('no JSON number');
  });

  test('shifting the decimal point and the exponent together changes nothing', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.integer({ min: 0, max: 40 }), fc.integer({ min: -500, max: 500 }), (n, zeros, e) => {
        expect(exactDecimal(`${n}${'0'.repeat(n === 0n ? 0 : zeros)}e${e}`)).toBe(
          exactDecimal(`${n}.0e${e + (n === 0n ? 0 : zeros)}`),
        );
      }),
    );
  });

  test('its text is a JSON number of the same value', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (n) => {
        expect(Number(exactDecimal(JSON.stringify(n)))).toBe(n === 0 ? 0 : n);
      }),
    );
  });
});
