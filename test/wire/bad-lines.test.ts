import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { LineFault } from './tcp-proxy.ts';
import { startWireWorld, type WireWorld } from './wire-world.ts';

/** Of each kind: some polls with all their requests. */
const TROUBLE_MS = 1_000;

describe('over lines that cut, stall and corrupt connections at any byte, the pair ends in sync', () => {
  let wire: WireWorld;
  let round = 0;
  beforeAll(async () => {
    wire = await startWireWorld();
  });
  afterAll(() => wire[Symbol.asyncDispose]());

  test.each<[string, number, readonly LineFault[]]>([
    ['lines that break, from the first request on', 1, ['cut', 'end']],
    ['lines that stall and fall silent', 2, ['stall', 'silence']],
    ['lines that change bits', 3, ['corrupt']],
    ['lines that do all of it', 4, ['cut', 'end', 'stall', 'silence', 'corrupt']],
    ['lines that do all of it, otherwise', 5, ['cut', 'end', 'stall', 'silence', 'corrupt']],
  ])('%s', async (_name, seed, faults) => {
    const { lines } = wire;
    wire.edit(round);
    round += 1;
    lines.primary.begin({ seed, faults });
    lines.replica.begin({ seed: seed + 1_000, faults });
    await wait(TROUBLE_MS);
    wire.expectRightFiles();
    for (const line of Object.values(lines)) line.end();
    await wire.untilEqual();
    wire.expectEqualSides();
  });

  test('the lines were as bad as they were meant to be', () => {
    const happened = Object.values(wire.lines).flatMap((line) => Object.values(line.happened));
    expect(happened.reduce((sum, times) => sum + times, 0)).toBeGreaterThan(10);
  });
});
