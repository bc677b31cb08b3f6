import { OBJECT_KINDS, type ObjectKind, type Stage } from './object-kind.ts';

/** What a ledger entry wants done on the replica. */
export type Action = 'upsert' | 'delete';

/** Order of work inside a run: upserts of stage 1, 2, 3, then deletes of stage 3, 2, 1. */
export type Phase = 1 | 2 | 3 | 4 | 5 | 6;

export const PHASES: readonly Phase[] = [1, 2, 3, 4, 5, 6];

const DELETE_PHASE: Readonly<Record<Stage, Phase>> = { 1: 6, 2: 5, 3: 4 };

export function phaseOf(kind: ObjectKind, action: Action): Phase {
  const { stage } = OBJECT_KINDS[kind];
  return action === 'upsert' ? stage : DELETE_PHASE[stage];
}

export const isDeletePhase = (phase: Phase): boolean => phase > 3;

/** The stage whose objects a phase handles. */
export function stageOf(phase: Phase): Stage {
  const stages: Readonly<Record<Phase, Stage>> = { 1: 1, 2: 2, 3: 3, 4: 3, 5: 2, 6: 1 };
  return stages[phase];
}
