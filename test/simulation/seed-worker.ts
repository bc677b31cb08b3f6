import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';
import { runSeed } from './run-seed.ts';

/** A thread of the simulation: runs its share of the seeds and posts each result. */
const { first, step, end } = z.object({ first: z.number(), step: z.number(), end: z.number() }).parse(workerData);
for (let seed = first; seed < end; seed += step) parentPort?.postMessage(await runSeed(seed));
