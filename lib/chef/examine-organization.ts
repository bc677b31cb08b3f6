import { randomBytes } from 'node:crypto';
import * as z from 'zod/mini';
import { ChefRequestError, type RequestFailure } from '../model/chef-request-error.ts';
import { kindOfList, type ListPath, memberOf } from '../model/object-path.ts';
import type { Attempt, LoadStep, OrganizationFacts } from '../model/server-facts.ts';
import type { Side } from '../model/side.ts';
import type { ChefOrg } from '../ports/chef-org.ts';
import type { Clock } from '../ports/clock.ts';
import { versionAfterAnswer, versionAfterRefusal } from './api-version.ts';
import type { BareAnswer, BareRequest, BareRequests } from './bare-requests.ts';
import { writeManifest } from './cookbook-manifest.ts';
import type { SigningKey } from './sign-request.ts';

/** An organization to be examined, and how. */
export interface ExaminedOrganization {
  readonly side: Side;
  readonly organization: string | null;
  readonly key: SigningKey;
  readonly lists: readonly ListPath[];
  readonly bare: BareRequests;
  readonly org: ChefOrg;
  readonly clock: Clock;
  /** Objects are made and removed again. Heeded on a replica only. */
  readonly writesProbes: boolean;
  /** A few seconds of reads, at most so many at a time. */
  readonly mostInFlight?: number | undefined;
}

const PROTOCOLS = ['1.3', '1.1', '1.0'] as const;
/** The usual limit of a Chef server, inclusive. */
const LARGE_BODY_BYTES = 2_000_000;
/** A feed that has events answers none beyond this id, and so shows that it is one without a long answer. */
const BEYOND_EVERY_ID = '9'.repeat(18);
/** How long a new object may take to appear in search. */
const SEARCH_PATIENCE_MS = 20_000;
const SEARCH_PAUSE_MS = 500;
const LOAD_STEPS = [1, 2, 4, 8, 16, 24, 32] as const;
const LOAD_STEP_MS = 1_000;

const names = z.array(z.string());
const groupAnswer = z.object({ users: z.optional(names), clients: z.optional(names), actors: z.optional(names) });
const userAnswer = z.object({ admin: z.optional(z.boolean()) });
const searchAnswer = z.object({ total: z.number() });

/**
 * Looks at an organization as the user that synchronizes it: the signatures it takes, rights, feed, search, limits. Without `writesProbes`
 * nothing is written; with it, objects of names that nobody has are made and removed again, on a replica only. Rejects for faults of ours
 * only: what servers do wrong are facts.
 */
export async function examineOrganization(examined: ExaminedOrganization): Promise<OrganizationFacts> {
  const { side, organization, key, bare } = examined;
  const probePath = organization === null ? '/environments/_default' : '';
  const send = (request: BareRequest): Promise<BareAnswer> => bare.send(organization, request);
  const first = await send({ method: 'GET', path: probePath });
  const refusedVersion = first.status === 406 ? versionAfterRefusal(2, first.text) : undefined;
  const apiVersion = refusedVersion ?? versionAfterAnswer(first.apiVersionHeader);
  const probe = refusedVersion === undefined ? first : await send({ method: 'GET', path: probePath, apiVersion });
  const unlike = probe.failure === undefined || probe.status === 403 ? await probeFailure(examined.org) : undefined;
  const isClient = probe.status === 403 && unlike === undefined;
  const readablePath = isClient ? (examined.lists[0] ?? '') : probePath;
  const facts = {
    side,
    user: key.user,
    organization,
    // An answer with a good status may be that of another web site.
    probe: isClient ? {} : attemptOf({ failure: probe.failure ?? unlike }),
    ...(isClient && { isClient }),
    ...(probe.clockAheadMs === undefined ? {} : { clockAheadMs: probe.clockAheadMs }),
    ...(probe.product === undefined ? {} : { product: probe.product }),
  };
  if (facts.probe.failure !== undefined && probe.status !== 401) return { ...facts, signing: [], lists: [] };

  const signing = [];
  for (const protocol of PROTOCOLS) {
    const attempt = attemptOf(await send({ method: 'GET', path: readablePath, apiVersion, protocol }));
    signing.push({ protocol, isConfigured: protocol === key.protocol, attempt });
  }
  if (facts.probe.failure !== undefined) return { ...facts, signing, lists: [] };

  const isAdmin = await adminOf(examined, apiVersion);
  const common = { ...facts, signing, apiVersion, ...(isAdmin === undefined ? {} : { isAdmin }) };
  const lists = await readLists(examined, apiVersion);
  const search = await searchOf(examined, apiVersion);
  const load =
    examined.mostInFlight === undefined
      ? undefined
      : await loadOf(examined, readablePath, apiVersion, examined.mostInFlight);
  const read = {
    ...common,
    lists,
    ...(search === undefined ? {} : { search }),
    ...(load === undefined ? {} : { load }),
  };
  if (side === 'primary') return { ...read, feed: await feedOf(examined.org) };

  const largeBody = await send({ method: 'POST', path: '/roles', apiVersion, body: 'x'.repeat(LARGE_BODY_BYTES) });
  const withLimit = { ...read, largeBody: { status: largeBody.status } };
  return examined.writesProbes ? { ...withLimit, ...(await writeProbes(examined, apiVersion)) } : withLimit;
}

const attemptOf = ({ failure }: { readonly failure?: RequestFailure | undefined }): Attempt =>
  failure === undefined ? {} : { failure };

/**
 * Why the organization cannot be told from others in the way that a poll does, if it cannot. Its clients can do so, though they may not read it.
 */
async function probeFailure(org: ChefOrg): Promise<RequestFailure | undefined> {
  try {
    await org.probe();
    return undefined;
  } catch (error) {
    if (error instanceof ChefRequestError) return error.failure;
    throw error;
  }
}

/** The JSON as the shape says, or undefined. */
function shaped<Shape extends z.ZodMiniType>(shape: Shape, text: string): z.output<Shape> | undefined {
  try {
    return shape.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

async function adminOf(
  { bare, organization, key }: ExaminedOrganization,
  apiVersion: number,
): Promise<boolean | undefined> {
  if (organization === null) {
    const user = await bare.send(null, { method: 'GET', path: `/users/${key.user}`, apiVersion });
    return user.failure === undefined ? shaped(userAnswer, user.text)?.admin : undefined;
  }
  const group = await bare.send(organization, { method: 'GET', path: '/groups/admins', apiVersion });
  const members = group.failure === undefined ? shaped(groupAnswer, group.text) : undefined;
  return members && [members.users, members.clients, members.actors].flat().includes(key.user);
}

async function readLists(
  { bare, organization, lists }: ExaminedOrganization,
  apiVersion: number,
): Promise<OrganizationFacts['lists']> {
  const read: OrganizationFacts['lists'][number][] = [];
  for (const list of lists) {
    const answer = await bare.send(organization, { method: 'GET', path: list, apiVersion });
    const object = answer.failure === undefined ? firstObject(list, answer.text) : undefined;
    if (object === undefined) {
      read.push({ list, attempt: attemptOf(answer) });
      continue;
    }
    const one = await bare.send(organization, { method: 'GET', path: object, apiVersion });
    read.push({ list, attempt: attemptOf(answer), objectAttempt: attemptOf(one) });
  }
  return read;
}

/** The path of a member that can be read: of cookbooks all versions of the first name. */
function firstObject(list: ListPath, text: string): string | undefined {
  const [name] = Object.keys(shaped(z.record(z.string(), z.unknown()), text) ?? {});
  if (name === undefined) return undefined;
  if (kindOfList(list) === 'cookbook_version') return /^[\w.-]+$/.test(name) ? `/cookbooks/${name}` : undefined;
  const ref = memberOf(list, name);
  return 'unknown' in ref ? undefined : ref.path;
}

async function feedOf(org: ChefOrg): Promise<NonNullable<OrganizationFacts['feed']>> {
  try {
    const answer = await org.updatedSince(BEYOND_EVERY_ID);
    return { kind: answer.kind, text: answer.kind === 'events' ? '' : answer.text };
  } catch (error) {
    return { kind: 'unavailable', text: textOf(error) };
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function searchOf(examined: ExaminedOrganization, apiVersion: number): Promise<OrganizationFacts['search']> {
  const { bare, organization, lists } = examined;
  if (!lists.includes('/roles')) return undefined;
  const list = await bare.send(organization, { method: 'GET', path: '/roles', apiVersion });
  if (list.failure !== undefined) return { problem: list.failure.text };
  const listed = Object.keys(shaped(z.record(z.string(), z.unknown()), list.text) ?? {}).length;
  const found = await searchTotal(examined, apiVersion);
  return found === undefined ? { problem: 'no answer of search' } : { listed, found: Math.min(listed, found) };
}

async function loadOf(
  { bare, organization, clock }: ExaminedOrganization,
  path: string,
  apiVersion: number,
  mostInFlight: number,
): Promise<readonly LoadStep[]> {
  const steps: LoadStep[] = [];
  for (const inFlight of LOAD_STEPS.filter((step) => step <= mostInFlight)) {
    const startedAt = clock.now();
    const times: number[] = [];
    let failure: LoadStep['failure'];
    const worker = async (): Promise<void> => {
      while (failure === undefined && clock.now() < startedAt + LOAD_STEP_MS) {
        const answer = await bare.send(organization, { method: 'GET', path, apiVersion });
        times.push(answer.tookMs);
        failure ??= answer.failure;
      }
    };
    await Promise.all(Array.from({ length: inFlight }, worker));
    const seconds = Math.max(1, clock.now() - startedAt) / 1000;
    const medianMs = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
    const requests = times.length;
    const perSecond = Math.round(requests / seconds);
    steps.push({ inFlight, requests, perSecond, medianMs, ...(failure === undefined ? {} : { failure }) });
    // More would only make it worse, for others too.
    if (failure !== undefined) break;
  }
  return steps;
}

/** Makes and removes an object of each kind that the pairs need. What was made is removed whatever happens in between. */
async function writeProbes(
  examined: ExaminedOrganization,
  apiVersion: number,
): Promise<Pick<OrganizationFacts, 'writes' | 'searchLagMs'>> {
  const { bare, organization, lists } = examined;
  const name = `chef-sync-doctor-${randomBytes(4).toString('hex')}`;
  const writes: { readonly what: string; readonly attempt: Attempt }[] = [];
  let searchLagMs: number | undefined;
  const send = async (
    what: string,
    method: 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: string,
  ): Promise<boolean> => {
    const request = { method, path, apiVersion, ...(body !== undefined && { body }) };
    const answer = await bare.send(organization, request);
    // Without a clear answer it may be there all the same.
    const isThere = answer.failure === undefined || answer.status === 0 || answer.status >= 500;
    writes.push({ what, attempt: attemptOf(answer) });
    return isThere;
  };
  if (lists.includes('/data')) {
    if (await send('make a data bag', 'POST', '/data', JSON.stringify({ name }))) {
      if (await send('make a data bag item', 'POST', `/data/${name}`, JSON.stringify({ id: name })))
        await send('delete a data bag item', 'DELETE', `/data/${name}/${name}`);
      await send('delete a data bag', 'DELETE', `/data/${name}`);
    }
  }
  if (lists.includes('/environments')) {
    const body = {
      name,
      description: '',
      json_class: 'Chef::Environment',
      chef_type: 'environment',
      cookbook_versions: {},
    };
    if (await send('make an environment', 'POST', '/environments', JSON.stringify(body)))
      await send('delete an environment', 'DELETE', `/environments/${name}`);
  }
  if (lists.includes('/cookbooks')) {
    const path = `/cookbooks/${name}/0.0.1`;
    if (await send('make a cookbook version', 'PUT', path, probeCookbook(name, apiVersion)))
      await send('delete a cookbook version', 'DELETE', path);
  }
  if (lists.includes('/roles')) {
    const body = { name, description: '', json_class: 'Chef::Role', chef_type: 'role', run_list: [] };
    const before = await searchTotal(examined, apiVersion);
    if (await send('make a role', 'POST', '/roles', JSON.stringify(body))) {
      searchLagMs = await lagOf(examined, before, apiVersion);
      await send('delete a role', 'DELETE', `/roles/${name}`);
    }
  }
  return { writes, ...(searchLagMs === undefined ? {} : { searchLagMs }) };
}

/** Roles that search counts; undefined when it does not answer. */
async function searchTotal(
  { bare, organization }: ExaminedOrganization,
  apiVersion: number,
): Promise<number | undefined> {
  const request = { method: 'GET', path: '/search/role', query: 'q=*:*&rows=1', apiVersion } as const;
  return shaped(searchAnswer, (await bare.send(organization, request)).text)?.total;
}

/** After how long search counts more roles than `before`; undefined when it did not within the time allowed. */
async function lagOf(
  examined: ExaminedOrganization,
  before: number | undefined,
  apiVersion: number,
): Promise<number | undefined> {
  const { clock } = examined;
  const startedAt = clock.now();
  while (before !== undefined && clock.now() < startedAt + SEARCH_PATIENCE_MS) {
    if (((await searchTotal(examined, apiVersion)) ?? 0) > before) return clock.now() - startedAt;
    await clock.sleep(SEARCH_PAUSE_MS);
  }
  return undefined;
}

/** A cookbook version without files, in the form of that API version. */
function probeCookbook(name: string, apiVersion: number): string {
  const version = '0.0.1';
  const members = {
    name: `${name}-${version}`,
    cookbook_name: name,
    version,
    json_class: 'Chef::CookbookVersion',
    chef_type: 'cookbook_version',
    metadata: { name, version, dependencies: {}, recipes: {} },
  };
  const texts = Object.entries(members).map(([key, value]) => [key, JSON.stringify(value)] as const);
  return writeManifest({ writtenVersion: version, isFrozen: false, files: [], members: texts }, apiVersion);
}
