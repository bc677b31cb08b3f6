import { createHash } from 'node:crypto';
import type { OrganizationPair, ServerSettings } from './organization-pair.ts';

/** A FIFO queue with its copiers, for one pair or for several of one replica. */
export interface Lane {
  /** Part of the queue's name; depends on the pairs' names alone, never on their order in the file. */
  readonly name: string;
  /** Names of its pairs, in the order of the file. */
  readonly pairs: readonly string[];
  /** Most requests that one copier invocation may have in flight to either server. */
  readonly requestsPerCopier: number;
}

/** How many polls may read a server at a time, and how many requests each may have in flight to it. */
export interface PollShare {
  readonly slots: number;
  readonly requestsPerPoll: number;
  /** And those that the one job may have that reads it (check, plan, repair, doctor). */
  readonly requestsPerJob: number;
}

/** Lanes, polls and jobs of a stack. For every server: lanes × copiers × requests + slots × requests + those of a job ≤ its `requestsInFlight`. */
export interface LanePlan {
  readonly lanes: readonly Lane[];
  /** By the origin of the server's URL. */
  readonly polls: ReadonlyMap<string, PollShare>;
  /** Servers that have too few requests for their lanes; one sentence with the next step for each. */
  readonly problems: readonly { readonly origin: string; readonly sentence: string }[];
}

/** `maximumConcurrency` of every lane's mapping. Two is the least that AWS takes. */
export const COPIERS_PER_LANE = 2;

/** The part of a server's requests that belongs to polls and the job, and what of it is the job's. */
const READERS_SHARE = 1 / 4;
const JOB_SHARE = 1 / 16;

/** Far more than a configuration allows. */
const MOST_REQUESTS = 1_000;

/**
 * Shares out what every server can bear. A pair has a lane of its own while they suffice; beyond that the pairs of a replica
 * share lanes, so that one replica's trouble never holds up another's. Lanes that are shared are chosen by a hash of the pair's name.
 */
export function planLanes(pairs: readonly OrganizationPair[]): LanePlan {
  const servers = serversOf(pairs);
  const byReplica = Map.groupBy(pairs, (pair) => pair.replicaName);
  const hasOwnLanes = [...servers.values()].every((server) => server.mostLanes >= server.pairs);

  const members: { readonly name: string; readonly pairs: readonly OrganizationPair[] }[] = [];
  for (const [replicaName, ofReplica] of byReplica) {
    if (hasOwnLanes) {
      members.push(...ofReplica.map((pair) => ({ name: shortHash(pair.name), pairs: [pair] })));
      continue;
    }
    // Replicas that are one server, or the primary's, share what it bears: each gets an equal part of the scarcest server.
    const parts = ofReplica.flatMap((pair) =>
      [pair.primary, pair.replica].map((settings) => {
        const server = servers.get(originOf(settings));
        return server === undefined ? 1 : Math.floor(server.mostLanes / server.replicas);
      }),
    );
    const count = Math.max(1, Math.min(ofReplica.length, ...parts));
    const shared = Map.groupBy(ofReplica, (pair) => Number.parseInt(shortHash(pair.name), 16) % count);
    for (const [index, some] of shared) members.push({ name: shortHash(`${replicaName} ${index}`), pairs: some });
  }

  const lanesOf = (origin: string): number =>
    members.filter((lane) => lane.pairs.some((pair) => touches(pair, origin))).length;
  const problems: LanePlan['problems'][number][] = [];
  for (const [origin, server] of servers) {
    const lanes = lanesOf(origin);
    if (lanes <= server.mostLanes) continue;
    let needed = server.requestsInFlight;
    while (needed < MOST_REQUESTS && sharesOf(needed, server.pairs).mostLanes < lanes) needed += 1;
    const sentence = `${origin} takes part in ${lanes} lanes, which need ${needed} requests in flight, and it allows ${server.requestsInFlight}: raise its \`requestsInFlight\` (at most 32) or put some replicas into another stack`;
    problems.push({ origin, sentence });
  }
  return {
    lanes: members.map((lane) => ({
      name: lane.name,
      pairs: lane.pairs.map(({ name }) => name),
      requestsPerCopier: Math.max(
        1,
        Math.min(
          ...[...servers]
            .filter(([origin]) => lane.pairs.some((pair) => touches(pair, origin)))
            .map(([origin, server]) => Math.floor(server.forCopiers / (COPIERS_PER_LANE * lanesOf(origin)))),
        ),
      ),
    })),
    polls: new Map(
      [...servers].map(([origin, { slots, requestsPerPoll, requestsPerJob }]) => [
        origin,
        { slots, requestsPerPoll, requestsPerJob },
      ]),
    ),
    problems,
  };
}

interface ServerShare extends Shares {
  readonly requestsInFlight: number;
  readonly pairs: number;
  readonly replicas: number;
}

/** Who may have how many of a server's requests in flight. */
interface Shares extends PollShare {
  /** Requests left for copiers. */
  readonly forCopiers: number;
  /** With one request for each copier. */
  readonly mostLanes: number;
}

function serversOf(pairs: readonly OrganizationPair[]): ReadonlyMap<string, ServerShare> {
  const origins = new Set(pairs.flatMap((pair) => [originOf(pair.primary), originOf(pair.replica)]));
  return new Map(
    [...origins].map((origin) => {
      const ofServer = pairs.filter((pair) => touches(pair, origin));
      const settings = ofServer.flatMap((pair) => [pair.primary, pair.replica]).filter((s) => originOf(s) === origin);
      const requestsInFlight = Math.min(...settings.map((s) => s.requestsInFlight));
      return [
        origin,
        {
          requestsInFlight,
          pairs: ofServer.length,
          replicas: new Set(ofServer.map((pair) => pair.replicaName)).size,
          ...sharesOf(requestsInFlight, ofServer.length),
        },
      ];
    }),
  );
}

function sharesOf(requestsInFlight: number, pairs: number): Shares {
  const requestsPerJob = Math.max(1, Math.floor(requestsInFlight * JOB_SHARE));
  const forPolls = Math.max(1, Math.floor(requestsInFlight * READERS_SHARE) - requestsPerJob);
  const slots = Math.min(pairs, forPolls);
  const requestsPerPoll = Math.floor(forPolls / slots);
  const forCopiers = requestsInFlight - slots * requestsPerPoll - requestsPerJob;
  return { slots, requestsPerPoll, requestsPerJob, forCopiers, mostLanes: Math.floor(forCopiers / COPIERS_PER_LANE) };
}

const originOf = (settings: ServerSettings): string => new URL(settings.url).origin;

const touches = (pair: OrganizationPair, origin: string): boolean =>
  originOf(pair.primary) === origin || originOf(pair.replica) === origin;

/** 40 bits: among 1,000 names two are equal with a chance of 1 in 2 million. */
const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 10);
