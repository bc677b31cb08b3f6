import { join } from 'node:path';
import { ArnFormat, Stack, Validations } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { CONFIG_FILE } from '../bundle-functions.ts';
import { FUNCTION_NAMES, FUNCTION_TABLE, type FunctionName, type FunctionRow } from '../function-table.ts';
import { METRICS_NAMESPACE } from '../metrics.ts';
import { DEAD_LETTERS } from './dead-letters.ts';
import { type FunctionNetwork, SyncFunction } from './sync-function.ts';
import type { SyncTable } from './sync-table.ts';

/** What the functions work with. */
export interface SyncFunctionsProps {
  readonly stackName: string;
  /** One folder per function, as `bundleFunctions` leaves them. */
  readonly bundles: string;
  readonly table: SyncTable;
  /** Names of the secrets that hold Chef keys. */
  readonly keySecrets: readonly string[];
  readonly network?: FunctionNetwork;
  readonly key?: IKey;
}

/** What an event source mapping does with the role of its function. */
const TAKE = ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'];

/**
 * The lanes of the stack by the ten digits of their names, which no lane of a stack called `STACK-lane-…` matches. An ARN for each would outgrow
 * the policy of a role at some 100 lanes.
 */
const LANES = 'lane-??????????.fifo';

const QUEUE_ACCESS = {
  'fills lanes': { queues: LANES, actions: ['sqs:SendMessage'], keyActions: ['Decrypt', 'GenerateDataKey'] },
  'empties lanes': { queues: LANES, actions: TAKE, keyActions: ['Decrypt'] },
  'empties dead letters': { queues: DEAD_LETTERS, actions: TAKE, keyActions: ['Decrypt'] },
} as const satisfies Record<NonNullable<FunctionRow['queues']>, unknown>;

/** Every function of the table as `STACK-NAME`, each allowed what its row says; and the secret of the fingerprints. */
export class SyncFunctions extends Construct {
  readonly #props: SyncFunctionsProps;
  readonly #fingerprints: Secret;
  readonly #functions: ReadonlyMap<FunctionName, SyncFunction>;

  constructor(scope: Construct, id: string, props: SyncFunctionsProps) {
    super(scope, id);
    this.#props = props;
    this.#fingerprints = new Secret(this, 'Fingerprints', {
      description: `Key of the fingerprints in the ledger of ${props.stackName}; opens nothing`,
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
      encryptionKey: props.key,
    });
    Validations.of(this.#fingerprints).acknowledge({
      id: 'AwsSolutions-SMG4',
      reason: 'It gives access to nothing, and rotated it would make every object of every pair look changed.',
    });
    this.#functions = new Map(FUNCTION_NAMES.map((name) => [name, this.#add(name, FUNCTION_TABLE[name])]));
    const logArns = FUNCTION_NAMES.map((name) => this.of(name).logGroup.logGroupArn);
    for (const name of FUNCTION_NAMES) {
      const row: FunctionRow = FUNCTION_TABLE[name];
      if (row.readsLogs === true) this.of(name).allow(['logs:FilterLogEvents'], logArns);
      if (row.startsInspector === true) {
        this.of(name).allow(['lambda:InvokeFunction'], [this.of('inspector').function.functionArn]);
      }
    }
  }

  /** The function of that name. */
  of(name: FunctionName): SyncFunction {
    const fn = this.#functions.get(name);
    if (fn === undefined) throw new Error(`${name} is not in the table of functions`);
    return fn;
  }

  #add(name: FunctionName, row: FunctionRow): SyncFunction {
    const { stackName, bundles, table, network, key } = this.#props;
    const { region, account, urlSuffix } = Stack.of(this);
    const fn = new SyncFunction(this, name, {
      functionName: `${stackName}-${name}`,
      row,
      code: Code.fromAsset(join(bundles, name)),
      key,
      environment: {
        CHEF_SYNC_TABLE: table.table.tableName,
        CHEF_SYNC_CONFIG: CONFIG_FILE,
        POWERTOOLS_SERVICE_NAME: stackName,
        POWERTOOLS_METRICS_NAMESPACE: METRICS_NAMESPACE,
        POWERTOOLS_LOG_LEVEL: 'INFO',
        ...(row.talksToChef && { CHEF_SYNC_FINGERPRINT_SECRET: this.#fingerprints.secretArn }),
        ...(row.startsInspector && { CHEF_SYNC_INSPECTOR: `${stackName}-inspector` }),
        ...(row.readsLogs && { CHEF_SYNC_LOG_PREFIX: `/aws/lambda/${stackName}-` }),
        ...(row.queues === 'fills lanes' && {
          CHEF_SYNC_QUEUE_PREFIX: `https://sqs.${region}.${urlSuffix}/${account}/${stackName}-lane-`,
        }),
      },
      ...(row.talksToChef && { network }),
    });
    table.allow(fn, row);
    if (row.talksToChef) this.#allowKeys(fn);
    if (row.queues !== undefined) this.#allowQueues(fn, row.queues);
    return fn;
  }

  #allowKeys(fn: SyncFunction): void {
    // Secrets Manager adds six characters of its own to the name in every ARN.
    const arns = this.#props.keySecrets.map((name) => this.#arn('secretsmanager', 'secret', `${name}-??????`));
    fn.allow(['secretsmanager:GetSecretValue'], [this.#fingerprints.secretArn, ...arns]);
    fn.allowKeyThrough('secretsmanager', ['Decrypt']);
  }

  #allowQueues(fn: SyncFunction, access: NonNullable<FunctionRow['queues']>): void {
    const { queues, actions, keyActions } = QUEUE_ACCESS[access];
    fn.allowKeyThrough('sqs', keyActions);
    const resource = `${this.#props.stackName}-${queues}`;
    fn.allow(actions, [Stack.of(this).formatArn({ service: 'sqs', resource, arnFormat: ArnFormat.NO_RESOURCE_NAME })]);
  }

  #arn(service: string, resource: string, resourceName: string): string {
    return Stack.of(this).formatArn({ service, resource, resourceName, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
  }
}
