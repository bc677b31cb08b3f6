import { Worker } from 'node:worker_threads';
import type { SeedResult } from './run-seed.ts';

export interface SeedRange {
  readonly first: number;
  readonly count: number;
  /** Threads that share the seeds. */
  readonly workers: number;
}

/** The seeds of one thread: every `step`-th from `first` up to `end`. */
export interface SeedShare {
  readonly first: number;
  readonly step: number;
  readonly end: number;
}

/** Runs the seeds of the range in threads of their own; `onResult` is told of each as it ends. Rejects when a thread dies. */
export async function runInWorkers(range: SeedRange, onResult: (result: SeedResult) => void): Promise<void> {
  const shares = Array.from({ length: range.workers }, (_, index): SeedShare => {
    return { first: range.first + index, step: range.workers, end: range.first + range.count };
  });
  await Promise.all(shares.map((share) => runShare(share, onResult)));
}

function runShare(share: SeedShare, onResult: (result: SeedResult) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./seed-worker.ts', import.meta.url), { workerData: share });
    worker.on('message', onResult);
    worker.on('error', reject);
    worker.on('exit', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`a thread of the simulation ended with code ${code}`));
    });
  });
}
