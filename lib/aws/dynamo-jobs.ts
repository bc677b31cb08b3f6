import type { Job, JobLine } from '../model/job.ts';
import type { DynamoTable, Row } from './dynamo-table.ts';
import { jobKey, jobLinesKey } from './row-keys.ts';

/** A job on its way, as the table keeps it. Its lines are in chunks of their own. Times are milliseconds since 1970. */
export interface JobRecord {
  readonly id: string;
  readonly job: Job;
  /** Chunks of lines so far. */
  readonly chunks: number;
  /** Slices that were begun since the last one that ended in order. */
  readonly attempts: number;
  /** The slice under way: nobody else works on the job until it has ended, or until then. */
  readonly lease?: { readonly token: string; readonly until: number };
  /** When a slice was last asked for that has not begun yet. */
  readonly askedAt?: number;
  /** Why the last slice did nothing. */
  readonly waitsFor?: string;
}

/** The jobs of a stack. */
export interface Jobs {
  read(id: string): Promise<JobRecord | undefined>;
  /** As `DynamoTable.update`; answers what was written, undefined when nothing was. */
  update(id: string, decide: (record: JobRecord | undefined) => JobRecord | undefined): Promise<JobRecord | undefined>;
  /** Replaces a chunk. A slice that is repeated writes the same chunks again. */
  writeChunk(record: JobRecord, chunk: number, lines: readonly JobLine[]): Promise<void>;
  readChunk(id: string, chunk: number): Promise<readonly JobLine[]>;
}

/** A week, in which an operator can come back to a job. */
const LIFE_SECONDS = 7 * 24 * 60 * 60;

/** Rows of jobs, each with a time to live that begins with the job. */
export function createDynamoJobs(table: DynamoTable): Jobs {
  const expiresAt = ({ startedAt }: Job): number => Math.ceil(startedAt / 1000) + LIFE_SECONDS;
  return {
    read: async (id) => (await table.read<JobRecord>(jobKey(id)))?.body,
    async update(id, decide) {
      const { isChanged, entry } = await table.update<JobRecord>(jobKey(id), (row): Row<JobRecord> | undefined => {
        const next = decide(row?.body);
        return next && { body: next, expiresAt: expiresAt(next.job) };
      });
      return isChanged ? entry?.body : undefined;
    },
    writeChunk: ({ id, job }, chunk, lines) =>
      table.write(jobLinesKey(id, chunk), { body: { lines }, expiresAt: expiresAt(job) }),
    async readChunk(id, chunk) {
      return (await table.read<{ readonly lines: readonly JobLine[] }>(jobLinesKey(id, chunk)))?.body.lines ?? [];
    },
  };
}
