import { describe, expect, test } from 'vitest';
import { formatDuration, formatFuture, formatInstant, parseDuration } from '../../../lib/cli/human-time.ts';

describe('formatDuration', () => {
  test.each([
    [-5, '0s'],
    [0, '0s'],
    [450, '0.4s'],
    [3_200, '3.2s'],
    [12_900, '12s'],
    [600_000, '10m'],
    [90_000, '1m30s'],
    [5_400_000, '1h30m'],
    [3_601_000, '1h'],
    [187_200_000, '2d4h'],
  ])('%d ms is %s', (spanMs, text) => {
    expect(formatDuration(spanMs)).toBe(text);
  });
});

describe('parseDuration', () => {
  test.each([
    ['90s', 90_000],
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
  ])('%s is %d ms', (text, spanMs) => {
    expect(parseDuration(text)).toBe(spanMs);
  });

  test.each(['', '10', 'm', '1.5h', '30m1h', '-5m', 'soon'])('%j is no duration', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });
});

test('a time that has come is now', () => {
  expect(formatFuture(60_000, 4_000)).toBe('in 56s');
  expect(formatFuture(4_000, 4_000)).toBe('now');
});

test('an instant is in UTC, to the second', () => {
  expect(formatInstant(Date.UTC(2026, 10, 24, 7, 0, 0, 999))).toBe('2026-11-24T07:00:00Z');
});
