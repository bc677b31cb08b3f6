import assert from 'node:assert/strict';
import fc from 'fast-check';
import { exactDecimal } from '../../../lib/plan/exact-decimal.ts';
import { fuzzTarget } from '../fuzz-target.ts';
import { numberText, textOf } from '../json-text.ts';
import { areEqual, readReferenceNumber } from '../reference-json.ts';

/** Two numbers have one decimal if and only if they are equal by the reference; JavaScript reads the decimal as it reads the number. */
export const exactDecimals = fuzzTarget(
  'exact decimals',
  fc.tuple(
    numberText,
    fc.oneof(
      numberText.map((text) => () => text),
      fc.integer({ min: 1 }).map((style) => (text: string) => textOf({ kind: 'number', text }, style)),
    ),
  ),
  ([a, other]) => {
    const b = other(a);
    const [valueA, valueB] = [readReferenceNumber(a), readReferenceNumber(b)];
    assert.ok(valueA !== undefined && valueB !== undefined);
    assert.equal(exactDecimal(a) === exactDecimal(b), areEqual(valueA, valueB), `${a} and ${b}`);
    assert.equal(Number(exactDecimal(a)) + 0, Number(a) + 0);
  },
);
