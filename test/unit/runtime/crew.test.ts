import { expect, test } from 'vitest';
import { createCrew } from '../../../lib/runtime/crew.ts';

/** Work that goes on until its signal, and then for a moment more. */
const until =
  (told: string[], name: string) =>
  async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) await new Promise(setImmediate);
    await new Promise(setImmediate);
    told.push(name);
  };

test('one piece of work is ended and begun anew while the others go on, and all end with the signal', async () => {
  const told: string[] = [];
  const stop = new AbortController();
  const crew = createCrew(stop.signal);
  crew.begin('a', until(told, 'a'));
  crew.begin('b', until(told, 'b'));

  await crew.end('a');
  await crew.end('nobody');
  expect(told).toEqual(['a']);
  crew.begin('a', until(told, 'a again'));
  stop.abort();
  await crew.done();

  expect(told.sort()).toEqual(['a', 'a again', 'b']);
});

test('work that fails ends the rest, and then the failure comes out', async () => {
  const told: string[] = [];
  const crew = createCrew(new AbortController().signal);
  crew.begin('good', until(told, 'good'));
  crew.begin('bad', () => Promise.reject(new Error('oops')));

  await expect(crew.done()).rejects.toThrow('oops');
  expect(told).toEqual(['good']);
});
