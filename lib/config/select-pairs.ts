import picomatch from 'picomatch';
import { nearestWord } from './nearest-word.ts';
import type { OrganizationPair } from './organization-pair.ts';
import { quote } from './quote.ts';

/** As much of a pair as a selector can mean. */
export type NamedPair = Pick<OrganizationPair, 'name' | 'replicaName'>;

/** A selector of a command that names no pair, or more than one where it must name one. The message is one sentence. */
export class PairSelectionError extends Error {
  readonly code: 'PAIR_UNKNOWN' | 'PAIR_AMBIGUOUS';
  /** Names of pairs that may be meant. */
  readonly candidates: readonly string[];

  constructor(code: PairSelectionError['code'], message: string, candidates: readonly string[]) {
    super(message);
    this.name = 'PairSelectionError';
    this.code = code;
    this.candidates = candidates;
  }
}

/**
 * The pairs that an operator means: by name (`eu/acme`), by destination alone (`acme`) when only one replica has it, or
 * by a glob over names (`eu/*`) or, without a slash, over destinations (`acme-*`). Never an empty list: throws a
 * PairSelectionError when nothing or too much is meant.
 */
export function selectPairs<Pair extends NamedPair>(pairs: readonly Pair[], selector: string): readonly Pair[] {
  const named = pairs.filter(({ name }) => name === selector);
  if (named.length > 0) return named;

  const byDestination = pairs.filter((pair) => destinationWord(pair) === selector);
  if (byDestination.length > 1) {
    const candidates = byDestination.map(({ name }) => name);
    const message = `${quote(selector)} may be any of the pairs ${candidates.join(', ')}; name one of them, or all with ${quote(`*/${selector}`)}`;
    throw new PairSelectionError('PAIR_AMBIGUOUS', message, candidates);
  }
  if (byDestination.length === 1) return byDestination;

  const matched = selector === '' ? [] : matchGlob(pairs, selector);
  if (matched.length === 0) throw unknownPair(pairs, selector);
  return matched;
}

/** As {@link selectPairs}, for commands about one pair: more than one is refused too. */
export function selectPair<Pair extends NamedPair>(pairs: readonly Pair[], selector: string): Pair {
  const [pair, ...others] = selectPairs(pairs, selector);
  if (pair !== undefined && others.length === 0) return pair;
  const candidates = [pair, ...others].flatMap((one) => (one === undefined ? [] : [one.name]));
  const message = `${quote(selector)} means the pairs ${candidates.join(', ')}; name one of them`;
  throw new PairSelectionError('PAIR_AMBIGUOUS', message, candidates);
}

function matchGlob<Pair extends NamedPair>(pairs: readonly Pair[], glob: string): readonly Pair[] {
  const matches = picomatch(glob);
  return pairs.filter((pair) => matches(glob.includes('/') ? pair.name : destinationWord(pair)));
}

/** What stands after the slash of the pair's name. */
function destinationWord(pair: NamedPair): string {
  return pair.name.slice(pair.replicaName.length + 1);
}

function unknownPair(pairs: readonly NamedPair[], selector: string): PairSelectionError {
  const names = pairs.map(({ name }) => name);
  const nearest = nearestWord(selector, [...names, ...new Set(pairs.map(destinationWord))]);
  const candidates =
    nearest === undefined ? names : names.filter((name) => name === nearest || name.endsWith(`/${nearest}`));
  const hint = nearest === undefined ? `the pairs are ${names.join(', ')}` : `did you mean ${candidates.join(' or ')}?`;
  return new PairSelectionError('PAIR_UNKNOWN', `there is no pair ${quote(selector)}; ${hint}`, candidates);
}
