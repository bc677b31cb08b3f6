import type { LedgerEntry } from '../../lib/model/ledger-entry.ts';
import type { ObjectPath } from '../../lib/model/object-path.ts';
import type { ChefOrg } from '../../lib/ports/chef-org.ts';
import { approveDeletes } from '../../lib/sync/control-pair.ts';
import { copyObjects } from '../../lib/sync/copy-objects.ts';
import type { PairContext } from '../../lib/sync/pair-context.ts';
import { type PairStatus, pairStatus } from '../../lib/sync/pair-status.ts';
import { createChance } from './chance.ts';
import type { Violation } from './invariants.ts';
import { CALM_PROFILE, type Profile } from './profile.ts';
import { APPROVER, createWorld, POLL_SECONDS, type World } from './world.ts';

const MINUTE_MS = 60_000;

/** A world in which only what the test says happens. Nothing fails by itself. */
export interface Stage extends World {
  /** Polls every minute for so long. */
  readonly pollFor: (minutes: number) => Promise<void>;
  /** One poll, and the copies it sends. */
  readonly pollOnce: () => Promise<void>;
  /** Lets time pass in which nobody polls. */
  readonly wait: (minutes: number) => Promise<void>;
  /** A message for the object's present version reaches a copier, past the queue. */
  readonly copy: (path: ObjectPath) => Promise<void>;
  readonly approveEveryPlan: () => Promise<void>;
  /** An operator's process does something; it has half a minute. */
  readonly operate: (task: (context: PairContext) => Promise<unknown>) => Promise<void>;
  readonly status: () => Promise<PairStatus>;
  /** Broken promises; a test expects none. */
  readonly violations: () => readonly Violation[];
  /** Paths that only one side has, or that differ. */
  readonly differences: () => readonly ObjectPath[];
}

/** What a server does otherwise than `real`, the world's own: methods in the place of those. */
type OtherAnswers = (real: ChefOrg, ports: PairContext) => Partial<ChefOrg>;

export interface StageOptions {
  readonly profile?: Partial<Profile>;
  readonly afterWrite?: (stage: Stage, path: ObjectPath) => void;
  readonly afterDecision?: (stage: Stage, entry: LedgerEntry) => void;
  readonly primary?: OtherAnswers;
  readonly replica?: OtherAnswers;
  readonly pair?: string;
  readonly beside?: Stage;
}

export function createStage(options: StageOptions = {}): Stage {
  const world = createWorld({ ...CALM_PROFILE, ...options.profile }, createChance(1), {
    isTold: false,
    afterWrite: (path) => options.afterWrite?.(stage, path),
    afterDecision: (entry) => options.afterDecision?.(stage, entry),
    plant: (ports) => ({
      ...ports,
      primary: { ...ports.primary, ...options.primary?.(ports.primary, ports) },
      replica: { ...ports.replica, ...options.replica?.(ports.replica, ports) },
    }),
    pair: options.pair,
    beside: options.beside,
  });
  world.endCuts();
  const { scheduler, primary, replica } = world;
  const passUntil = async (time: number): Promise<void> => {
    let isTime = false;
    scheduler.at(time, () => {
      isTime = true;
    });
    await scheduler.run(() => isTime);
  };
  const wait = (minutes: number): Promise<void> => passUntil(scheduler.now() + minutes * MINUTE_MS);
  const pollOnce = async (): Promise<void> => {
    world.poll();
    await wait(1);
  };
  const work = async (task: (context: PairContext) => Promise<unknown>, name = 'by hand'): Promise<void> => {
    scheduler.spawn(
      name,
      MINUTE_MS,
      (actor) => task(world.contextFor(actor)),
      () => {},
    );
    await wait(0.5);
  };
  const stage: Stage = {
    ...world,
    wait,
    pollOnce,
    async pollFor(minutes) {
      for (let minute = 0; minute < minutes; minute += 1) await pollOnce();
    },
    async copy(path) {
      const version = world.entry(path)?.version;
      if (version === undefined) throw new Error(`the ledger has no ${path}`);
      await work((context) => copyObjects(context, [{ pair: context.pair, path, version }]));
    },
    approveEveryPlan: () =>
      work(async (context) => {
        for (const plan of await world.ledger.plans()) await approveDeletes(context, plan.id);
      }, APPROVER),
    operate: work,
    status: () =>
      pairStatus({
        pair: world.pair,
        ledger: world.ledger,
        state: world.state,
        now: scheduler.now(),
        pollSeconds: POLL_SECONDS,
        filterHash: world.rules().filterHash,
      }),
    violations: () => world.invariants.violations,
    differences: () =>
      [...new Set([...primary.paths(), ...replica.paths()])].filter(
        (path) => primary.get(path)?.form !== replica.get(path)?.form,
      ),
  };
  return stage;
}
