import { describe, expect, it } from 'vitest';
import { PairSelectionError, selectPairs } from '../../../lib/config/select-pairs.ts';
import { configText, parse } from './config-text.ts';

const { pairs } = parse(
  configText({
    organizations: [
      '{ source: acme, replica: all }',
      '{ source: tools, replica: us }',
      '{ source: tools-lab, replica: us }',
    ],
  }),
);

const selected = (selector: string) => selectPairs(pairs, selector).map(({ name }) => name);

function refusal(selector: string): PairSelectionError | undefined {
  try {
    selectPairs(pairs, selector);
    return undefined;
  } catch (error) {
    if (error instanceof PairSelectionError) return error;
    throw error;
  }
}

describe('selectPairs', () => {
  it.each([
    ['eu/acme', ['eu/acme']],
    ['tools', ['us/tools']],
    ['us/*', ['us/acme', 'us/tools', 'us/tools-lab']],
    ['*/acme', ['eu/acme', 'us/acme']],
    ['tools*', ['us/tools', 'us/tools-lab']],
    ['*', ['eu/acme', 'us/acme', 'us/tools', 'us/tools-lab']],
  ])('takes %s for the pairs %j', (selector, names) => {
    expect(selected(selector)).toEqual(names);
  });

  it('lists the candidates when a destination is on several replicas', () => {
    expect(refusal('acme')).toMatchObject({
      code: 'PAIR_AMBIGUOUS',
      message: '"acme" may be any of the pairs eu/acme, us/acme; name one of them, or all with "*/acme"',
      candidates: ['eu/acme', 'us/acme'],
    });
  });

  it.each([
    ['eu/acm', 'there is no pair "eu/acm"; did you mean eu/acme?'],
    ['acne', 'there is no pair "acne"; did you mean eu/acme or us/acme?'],
    ['jp/*', 'there is no pair "jp/*"; the pairs are eu/acme, us/acme, us/tools, us/tools-lab'],
    ['', 'there is no pair ""; the pairs are eu/acme, us/acme, us/tools, us/tools-lab'],
  ])('says what was probably meant by %j', (selector, message) => {
    expect(refusal(selector)).toMatchObject({ code: 'PAIR_UNKNOWN', message });
  });
});
