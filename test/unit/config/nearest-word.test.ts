import { describe, expect, it } from 'vitest';
import { nearestWord } from '../../../lib/config/nearest-word.ts';

describe('nearestWord', () => {
  it.each([
    ['sorce', 'source'],
    ['soruce', 'source'],
    ['Source', 'source'],
    ['sourcee', 'source'],
    ['destinatoin', 'destination'],
    ['replica', 'replicas'],
    ['user', undefined],
    ['', undefined],
  ])('takes %j for %j', (typed, meant) => {
    expect(nearestWord(typed, ['source', 'destination', 'replicas'])).toBe(meant);
  });
});
