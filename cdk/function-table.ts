/** Calls of DynamoDB that the adapters make; there are no others, and never a scan. */
export type TableCall = 'GetItem' | 'PutItem' | 'DeleteItem' | 'Query';

/** What a Lambda function of the stack is given. Whatever is not in its row, its role may not do. */
export interface FunctionRow {
  readonly description: string;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  readonly tableCalls: readonly TableCall[];
  /** Queries the index of what is unsynced too. */
  readonly queriesUnsynced?: boolean;
  /** Reads Chef keys and the fingerprint secret, and runs inside the network of the configuration. */
  readonly talksToChef: boolean;
  /** Sends messages to the lanes, or takes them from the lanes or from the queue of their dead letters. */
  readonly queues?: 'fills lanes' | 'empties lanes' | 'empties dead letters';
  /** Searches the logs of all functions, its own too. */
  readonly readsLogs?: boolean;
  /** Starts the inspector. */
  readonly startsInspector?: boolean;
}

/**
 * THE table of the stack's functions: a row NAME deploys `functions/NAME.ts` as `STACK-NAME`. Times and sizes are those
 * of `functions/README.md`; a copy ends 5 minutes after it began and its message stays hidden for 6.
 */
export const FUNCTION_TABLE = {
  poller: {
    description: 'Finds what changed in the source of one organization pair and sends what is due to its lane',
    memoryMb: 512,
    timeoutSeconds: 300,
    tableCalls: ['GetItem', 'PutItem', 'DeleteItem', 'Query'],
    queriesUnsynced: true,
    talksToChef: true,
    queues: 'fills lanes',
  },
  copier: {
    description: 'Copies objects from the primary to a replica and settles them in the ledger',
    memoryMb: 1024,
    timeoutSeconds: 300,
    tableCalls: ['GetItem', 'PutItem', 'DeleteItem', 'Query'],
    talksToChef: true,
    queues: 'empties lanes',
  },
  parker: {
    description: 'Parks objects whose messages ended in the dead letter queue',
    memoryMb: 256,
    timeoutSeconds: 60,
    tableCalls: ['GetItem', 'PutItem'],
    talksToChef: false,
    queues: 'empties dead letters',
  },
  inspector: {
    description: 'Works on checks, plans, repairs and examinations of servers that operators ask for, slice by slice',
    memoryMb: 1024,
    timeoutSeconds: 300,
    tableCalls: ['GetItem', 'PutItem'],
    talksToChef: true,
  },
  status: {
    description: 'Answers chef-sync-ctl what is in sync and what is not; changes nothing',
    memoryMb: 512,
    timeoutSeconds: 60,
    tableCalls: ['GetItem', 'Query'],
    queriesUnsynced: true,
    talksToChef: false,
    readsLogs: true,
  },
  control: {
    description:
      'Does what an operator asks of chef-sync-ctl: start, stop, resync, retry, approve deletes, forget, jobs',
    memoryMb: 512,
    timeoutSeconds: 300,
    tableCalls: ['GetItem', 'PutItem', 'DeleteItem', 'Query'],
    queriesUnsynced: true,
    talksToChef: false,
    startsInspector: true,
  },
} as const satisfies Readonly<Record<string, FunctionRow>>;

/** Name of a function, without that of its stack. */
export type FunctionName = keyof typeof FUNCTION_TABLE;

/** In the order of the table. */
export const FUNCTION_NAMES = Object.keys(FUNCTION_TABLE).filter(
  (name): name is FunctionName => name in FUNCTION_TABLE,
);
