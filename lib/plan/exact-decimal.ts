const JSON_NUMBER = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/;

/**
 * The one text of a JSON number's exact decimal value: numbers are equal if and only if their texts are. `1.0`, `1` and `1e0` give `1`,
 * `100.0` gives `1e2`, `-0` gives `0`. Nothing is rounded (Chef servers keep integers beyond 2^53 but rewrite `1.10` as `1.1`)
 * and no exponent is written out: `1e999999999` stays as short as it came. Throws when the text is no JSON number.
 */
export function exactDecimal(source: string): string {
  const match = JSON_NUMBER.exec(source);
  if (match === null) throw new Error('the text is no JSON number');
  const [, sign = '', integer = '', fraction = '', exponent = '0'] = match;
  const digits = (integer + fraction).replace(/^0+/, '');
  if (digits === '') return '0';
  // A loop, because `/0+$/` takes quadratic time on the long runs of zeros that a 2 MB item may hold.
  let end = digits.length;
  while (digits[end - 1] === '0') end -= 1;
  const power = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - end);
  return `${sign}${digits.slice(0, end)}${power === 0n ? '' : `e${power}`}`;
}
