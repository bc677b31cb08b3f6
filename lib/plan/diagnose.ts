import type { RequestFailure } from '../model/chef-request-error.ts';
import type { Finding } from '../model/job.ts';
import { OBJECT_KINDS } from '../model/object-kind.ts';
import { kindOfList } from '../model/object-path.ts';
import type { OrganizationFacts, ServerFacts } from '../model/server-facts.ts';
import { judgeFailure } from './classify-response.ts';

const DAY_MS = 24 * 60 * 60_000;
/** A certificate that expires sooner wants renewing now. */
const EXPIRY_WARNING_MS = 30 * DAY_MS;
/** Servers refuse signatures beyond 15 minutes (seen on Chef Infra Server 15.10); a clock that runs away reaches that. */
const MOST_CLOCK_DIFFERENCE_MS = 15 * 60_000;
const CLOCK_WARNING_MS = 60_000;
/** Search that is further behind makes the first reading of new objects slow. */
const SLOW_SEARCH_MS = 10_000;

type Judged = Omit<Finding, 'server' | 'organization'>;

const ok = (check: string, text: string): Judged => ({ check, verdict: 'ok', text });
const warning = (check: string, text: string): Judged => ({ check, verdict: 'warning', text });
const failure = (check: string, text: string): Judged => ({ check, verdict: 'failure', text });

/** What the facts about a server mean: name, connection, certificates. */
export function diagnoseServer(facts: ServerFacts, now: number): readonly Judged[] {
  const { url, addresses, addressProblem, connectMs, connectProblem, isHttps, isProxySet } = facts;
  const { host } = new URL(url);
  // What cannot be reached directly may well be through the proxy; the requests that follow tell.
  const bad = isProxySet ? warning : failure;
  const proxied = isProxySet ? ' directly; requests go through the proxy of HTTPS_PROXY' : '';
  if (addressProblem !== undefined) {
    return [bad('dns', `The name ${host} has no address (${addressProblem})${proxied}: check \`url\` and DNS.`)];
  }
  const dns = ok('dns', `${host} is ${addresses.join(', ')}.`);
  if (connectProblem !== undefined) {
    const next = 'check that it is up, the port in `url`, and firewalls';
    return [dns, bad('tcp', `No connection to ${host}${proxied} (${connectProblem}): ${next}.`)];
  }
  const tcp = ok('tcp', `Connects in ${Math.round(connectMs ?? 0)} ms.`);
  if (!isHttps) {
    const text = 'Requests go over http, readable and changeable on the way: use https, except on one machine.';
    return [dns, tcp, warning('tls', text)];
  }
  return [dns, tcp, ...diagnoseTls(facts, now)];
}

function diagnoseTls({ tls, tlsProblem, isCertificateUnchecked }: ServerFacts, now: number): readonly Judged[] {
  if (tls === undefined) {
    return [failure('tls', `No TLS connection (${tlsProblem ?? 'no answer'}): check that \`url\` names the TLS port.`)];
  }
  if (tls.problem !== undefined) {
    const next =
      tls.problem === 'ERR_TLS_CERT_ALTNAME_INVALID'
        ? 'it is for another name: set `url` in chef-sync.yaml to that name'
        : 'set `tls.ca` in chef-sync.yaml to the certificate of its CA, or renew the certificate';
    const text = `The certificate by ${tls.issuer} does not verify (${tls.problem})`;
    return isCertificateUnchecked
      ? [warning('tls', `${text}, which the configuration allows with \`tls.verify: false\`: ${next}.`)]
      : [failure('tls', `${text}: ${next}.`)];
  }
  const days = Math.floor((tls.expiresAt - now) / DAY_MS);
  const when = new Date(tls.expiresAt).toISOString().slice(0, 10);
  if (tls.expiresAt - now < EXPIRY_WARNING_MS) {
    return [warning('tls', `The certificate ${tls.expiring} expires in ${days} days (${when}): renew it.`)];
  }
  return [ok('tls', `${tls.protocol}, by ${tls.issuer}, verifies; good until ${when} (${days} days).`)];
}

/** What the facts about an organization mean: clock, key, membership, rights, versions, feed, search, limits, load. */
export function diagnoseOrganization(facts: OrganizationFacts): readonly Judged[] {
  const { probe } = facts;
  const clock = diagnoseClock(facts);
  if (probe.failure !== undefined) {
    const { status = 0 } = probe.failure;
    const sentence = judgeFailure(probe.failure, 'failed').text;
    const isKeyGood = status === 403 && !/verify user/i.test(probe.failure.text);
    const check = status === 401 ? 'key' : status === 403 || status === 404 ? 'organization' : 'server';
    const key = isKeyGood ? [ok('key', `The key is that of ${facts.user}.`)] : [];
    return [...clock, ...key, failure(check, sentence), ...diagnoseSigning(facts)];
  }
  return [
    ...clock,
    ok('key', `The key is that of ${facts.user}.`),
    ok(
      'organization',
      facts.organization === null
        ? 'It answers.'
        : `${facts.user} is a ${facts.isClient === true ? 'client' : 'member'} of ${facts.organization}.`,
    ),
    ...diagnoseProduct(facts),
    ...diagnoseSigning(facts),
    ...diagnoseRights(facts),
    ...diagnoseFeed(facts),
    ...diagnoseSearch(facts),
    ...diagnoseLimits(facts),
    ...diagnoseLoad(facts),
  ];
}

function diagnoseClock({ clockAheadMs }: OrganizationFacts): readonly Judged[] {
  if (clockAheadMs === undefined) return [];
  const difference = Math.abs(clockAheadMs);
  const text = `The clocks differ by ${Math.round(difference / 1000)} s`;
  if (difference < CLOCK_WARNING_MS) return [ok('clock', `${text}.`)];
  const which = `${text} (the server's is ${clockAheadMs > 0 ? 'ahead' : 'behind'})`;
  if (difference < MOST_CLOCK_DIFFERENCE_MS) {
    return [warning('clock', `${which}, and beyond 15 minutes it refuses every request: set both by NTP.`)];
  }
  return [failure('clock', `${which}, so it refuses every request: set both by NTP.`)];
}

function diagnoseProduct({ product, apiVersion }: OrganizationFacts): readonly Judged[] {
  const flavour = /\bflavor=(\w+)/.exec(product ?? '')?.[1];
  const major = Number(/\bversion[=:](\d+)/.exec(product ?? '')?.[1] ?? Number.NaN);
  const isGoiardi = product?.includes('goiardi') === true;
  const shown = product === undefined ? 'It does not say what it is.' : `It calls itself ${product}.`;
  const version =
    !isGoiardi && (flavour === 'osc' || flavour === 'opc' || major < 12)
      ? warning('server', `${shown} Chef Server 12 is the oldest that is supported: upgrade it.`)
      : ok('server', shown);
  const api =
    (apiVersion ?? 0) >= 2
      ? ok('api version', 'Speaks API version 2.')
      : warning(
          'api version',
          `Speaks API version ${apiVersion ?? 0} only: cookbook files outside of the nine folders cannot be carried and are reported; upgrade it to 12.18.14 or newer.`,
        );
  return [version, api];
}

function diagnoseSigning({ signing }: OrganizationFacts): readonly Judged[] {
  const accepted = signing.filter(({ attempt }) => attempt.failure === undefined).map(({ protocol }) => protocol);
  const configured = signing.find(({ isConfigured }) => isConfigured)?.protocol;
  if (accepted.length === 0 || configured === undefined) return [];
  if (!accepted.includes(configured)) {
    const best = accepted[0];
    return [
      failure('signing', `It does not take signatures of version ${configured}: set \`signingVersion: "${best}"\`.`),
    ];
  }
  if (configured !== '1.3' && accepted.includes('1.3')) {
    return [warning('signing', 'It takes the newer signatures of version 1.3: remove `signingVersion`.')];
  }
  return [ok('signing', `Takes signatures of version ${accepted.join(', ')}; ${configured} is used.`)];
}

function diagnoseRights(facts: OrganizationFacts): readonly Judged[] {
  const findings = facts.lists.map(({ list, attempt, objectAttempt }): Judged => {
    const kind = OBJECT_KINDS[kindOfList(list)].objectsWord;
    const failed = attempt.failure ?? objectAttempt?.failure;
    if (failed !== undefined) return failure(`read ${kind}`, sentenceOf(failed));
    const what =
      objectAttempt === undefined ? 'The list can be read; it is empty.' : 'The list and an object of it can be read.';
    return ok(`read ${kind}`, what);
  });
  if (facts.side === 'primary') return findings;
  return [...findings, ...diagnoseWrites(facts)];
}

const sentenceOf = (failed: RequestFailure): string => judgeFailure(failed, 'good').text;

function diagnoseWrites({ writes, isAdmin, user, organization }: OrganizationFacts): readonly Judged[] {
  if (writes === undefined) {
    const admins = organization === null ? 'an administrator' : 'in the group admins';
    if (isAdmin === true) return [ok('write', `${user} is ${admins}, so it may write; --write-probe tries it.`)];
    const next = 'try it with --write-probe, or make it one with chef-sync-ctl prepare-org';
    const what = isAdmin === false ? `is not ${admins}` : `may be ${admins} or not, which the server does not show it`;
    return [warning('write', `${user} ${what}, and may not be able to write: ${next}.`)];
  }
  const failed = writes.flatMap(({ what, attempt }) =>
    attempt.failure === undefined ? [] : [failure('write', `Cannot ${what}. ${sentenceOf(attempt.failure)}`)],
  );
  const made = ok('write', `Made and deleted an object of every kind (${writes.length} requests).`);
  return failed.length === 0 ? [made] : failed;
}

function diagnoseFeed({ feed }: OrganizationFacts): readonly Judged[] {
  switch (feed?.kind) {
    case undefined:
      return [];
    case 'events':
      return [ok('feed', 'Has the change feed, so changes are known with the next poll.')];
    case 'absent':
      return [ok('feed', 'Has no change feed, as every server of today: changes are found by the inventory.')];
    case 'refused':
      return [failure('feed', `Refuses its change feed (${feed.text}): allow it, or set \`source: inventory\`.`)];
    case 'unavailable':
      return [warning('feed', `Did not answer for its change feed (${feed.text}): look at the server's logs.`)];
  }
}

function diagnoseSearch({ search, writes, searchLagMs }: OrganizationFacts): readonly Judged[] {
  if (search === undefined) return [];
  const slow =
    'objects are then read one by one, which takes longer; look at its search service (`chef-server-ctl status`)';
  if ('problem' in search) return [warning('search', `Search does not answer (${search.problem}): ${slow}.`)];
  const missing = search.listed - search.found;
  if (missing > 0) return [warning('search', `Search lacks ${missing} of ${search.listed} roles: ${slow}.`)];
  if (writes === undefined) return [ok('search', `Shows all ${search.listed} roles.`)];
  if (searchLagMs === undefined) return [warning('search', `Did not show a new role in 20 s: ${slow}.`)];
  const text = `Shows a new role after ${(searchLagMs / 1000).toFixed(1)} s`;
  return [searchLagMs > SLOW_SEARCH_MS ? warning('search', `${text}: ${slow}.`) : ok('search', `${text}.`)];
}

function diagnoseLimits({ largeBody }: OrganizationFacts): readonly Judged[] {
  if (largeBody === undefined) return [];
  if (largeBody.status === 413) {
    return [
      warning(
        'limits',
        "Takes no object of 2,000,000 bytes, which the primary may have: raise `opscode_erchef['max_request_size']` in its chef-server.rb, or the limit of the proxy in front of it.",
      ),
    ];
  }
  if (largeBody.status === 400) return [ok('limits', 'Takes objects of 2,000,000 bytes.')];
  const text = `Answered ${largeBody.status === 0 ? 'nothing' : largeBody.status} to a body of 2,000,000 bytes`;
  return [warning('limits', `${text}, so its limit is not known: look at proxies in front of it.`)];
}

function diagnoseLoad({ load }: OrganizationFacts): readonly Judged[] {
  const last = load?.at(-1);
  if (load === undefined || last === undefined) return [];
  const steps = load.map(
    ({ inFlight, perSecond, medianMs }) => `${inFlight}: ${perSecond}/s, ${Math.round(medianMs)} ms`,
  );
  const text = `Reads at a time, per second, median: ${steps.join('; ')}`;
  if (last.failure === undefined) return [ok('load', `${text}.`)];
  const good = load.at(-2)?.inFlight ?? 1;
  return [
    warning(
      'load',
      `${text}. At ${last.inFlight} it failed (${last.failure.text}): set \`requestsInFlight: ${good}\`.`,
    ),
  ];
}
