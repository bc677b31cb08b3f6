import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, CfnGlobalTable, ProjectionType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { FunctionRow } from '../function-table.ts';
import type { SyncFunction } from './sync-function.ts';

/** Sparse: holds what is unsynced, oldest first. Local, because reads of it must see every earlier write. */
const UNSYNCED_INDEX = 'unsynced';

/** What AWS asks of whoever uses a table that a customer's key encrypts. Grants are for those who make it. */
const KEY_ACTIONS = ['Decrypt', 'DescribeKey', 'Encrypt', 'GenerateDataKey'];

/** What the table needs to know. */
export interface SyncTableProps {
  /** Encrypts in place of the key that DynamoDB owns. */
  readonly key?: IKey;
}

/**
 * Ledger and state of every pair. Outlives the stack and cannot be deleted before its deletion protection is taken off:
 * what it holds of ownership is what deletes on replicas are decided by.
 */
export class SyncTable extends Construct {
  readonly table: TableV2;

  constructor(scope: Construct, id: string, { key }: SyncTableProps) {
    super(scope, id);
    this.table = new TableV2(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      localSecondaryIndexes: [
        {
          indexName: UNSYNCED_INDEX,
          sortKey: { name: 'unsynced', type: AttributeType.STRING },
          projectionType: ProjectionType.ALL,
        },
      ],
      timeToLiveAttribute: 'expiresAt',
      billing: Billing.onDemand(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
    });
    if (key !== undefined) this.#encryptWith(key);
  }

  /** The function may make the calls of its row. */
  allow(fn: SyncFunction, { tableCalls, queriesUnsynced }: FunctionRow): void {
    const { tableArn } = this.table;
    fn.allow(
      tableCalls.map((call) => `dynamodb:${call}`),
      [tableArn],
    );
    fn.allowKeyThrough('dynamodb', KEY_ACTIONS);
    if (queriesUnsynced === true) fn.allow(['dynamodb:Query'], [`${tableArn}/index/${UNSYNCED_INDEX}`]);
  }

  /** TableV2 itself takes a key only in a stack of a fixed region, and synthesis knows none. */
  #encryptWith(key: IKey): void {
    const { defaultChild } = this.table.node;
    if (!(defaultChild instanceof CfnGlobalTable)) throw new Error('TableV2 is made of something else than it was');
    defaultChild.addPropertyOverride('SSESpecification', { SSEEnabled: true, SSEType: 'KMS' });
    defaultChild.addPropertyOverride('Replicas.0.SSESpecification', { KMSMasterKeyId: key.keyArn });
  }
}
