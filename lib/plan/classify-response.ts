import type { RequestFailure } from '../model/chef-request-error.ts';
import type { Side } from '../model/side.ts';

/** How the probe of that side's organization ended, made right after a suspect failure. */
export type ProbeResult = 'good' | 'failed';

/** What a failed request means for the object that was copied and for its pair. */
export interface FailureDecision {
  /**
   * `endpoint`: the server or the pair's access to it is at fault. The breaker of that side opens and the attempt is given back.
   * `object`: this object failed, the attempt counts, other objects go on.
   */
  readonly outcome: 'endpoint' | 'object';
  /** No retry can help before somebody changes something: park at once. Only ever true of an object. */
  readonly isHopeless: boolean;
  /** Stable, upper case; an endpoint's begins with its side: `TOO_LARGE`, `PRIMARY_UNREACHABLE`. */
  readonly code: string;
  /** One sentence for people: the side, what happened in the server's words, the next step. */
  readonly text: string;
  readonly side: Side;
}

/**
 * Statuses that judge the request itself: a server that gives them is up and knows us. Every other one, 404 and redirects too, may come
 * from a server, proxy or organization that fails for everything.
 */
const OBJECT_STATUSES: ReadonlySet<number> = new Set([400, 409, 413]);

/** Whether the failure says nothing until a probe of the organization tells a sick server from a sick object. */
export function isSuspect(failure: RequestFailure): boolean {
  if (failure.cause === 'object' || (failure.isSandboxCommit === true && failure.status === 503)) return false;
  return failure.cause !== 'status' || !OBJECT_STATUSES.has(failure.status ?? 0);
}

/**
 * The meaning of a failed request. `probe` matters only if the failure {@link isSuspect}; without one a suspect failure is the endpoint's,
 * because that gives the attempt back and so can lose nothing.
 */
export function judgeFailure(failure: RequestFailure, probe: ProbeResult | undefined): FailureDecision {
  const { side } = failure;
  if (isSuspect(failure) && probe !== 'good') {
    const { code, what, next } = endpointFinding(failure);
    return {
      outcome: 'endpoint',
      isHopeless: false,
      code: `${side.toUpperCase()}_${code}`,
      text: sentence(failure, what, next),
      side,
    };
  }
  const { code, what, next, isHopeless = false } = objectFinding(failure);
  return { outcome: 'object', isHopeless, code, text: sentence(failure, what, next), side };
}

interface Finding {
  readonly code: string;
  /** Continues "The replica …". */
  readonly what: string;
  /** The next step, without the full stop. */
  readonly next: string;
  readonly isHopeless?: boolean;
}

function sentence({ side, request, text }: RequestFailure, what: string, next: string): string {
  return `The ${side} ${what} (${request}: ${text.trim().replace(/\.$/, '')}): ${next}.`;
}

function endpointFinding(failure: RequestFailure): Finding {
  const { side, cause, status = 0, text } = failure;
  const settings = side === 'primary' ? 'under `primary`' : 'under this replica';
  switch (cause) {
    case 'time-out':
      return {
        code: 'TIMED_OUT',
        what: 'did not answer in time',
        next: 'check its load and the network; the pair goes on as soon as it answers',
      };
    case 'connection':
      return {
        code: 'UNREACHABLE',
        what: 'cannot be reached',
        next: `check that it is up, the \`url\` ${settings} in chef-sync.yaml, firewall and proxy`,
      };
    case 'tls-name':
      return {
        code: 'CERTIFICATE',
        what: 'shows a certificate for another name',
        next: `set the \`url\` ${settings} in chef-sync.yaml to the name that the certificate is for`,
      };
    case 'tls':
      return {
        code: 'CERTIFICATE',
        what: 'shows a certificate that does not verify',
        next: `set \`tls.ca\` ${settings} in chef-sync.yaml to the certificate of its CA, or renew the server's certificate`,
      };
    case 'unexpected-answer':
      return {
        code: 'UNEXPECTED_ANSWER',
        what: 'answers unlike a Chef server',
        next: `check that the \`url\` ${settings} in chef-sync.yaml leads to a Chef server and not to another site or a proxy's page`,
      };
  }
  if (status === 401 && /synchronize the clock|this machine's clock/i.test(text)) {
    return {
      code: 'CLOCK',
      what: 'refuses requests because its clock and ours differ by more than 15 minutes',
      next: 'set the clock of this machine or of the server by NTP',
    };
  }
  if (status === 401) {
    return {
      code: 'UNAUTHORIZED',
      what: 'does not accept our key',
      next: `check \`user\` and \`key\` ${settings} in chef-sync.yaml`,
    };
  }
  if (status === 403 && /invalid-license|licen[cs]e/i.test(text)) {
    return { code: 'LICENSE', what: 'has no valid licence', next: 'install its licence; the pair goes on by itself' };
  }
  if (status === 403 && isFalseDenial(text)) return OVERLOADED;
  if (status === 403) {
    const isOutsider = /not associated with organization/i.test(text);
    return {
      code: isOutsider ? 'NOT_A_MEMBER' : 'FORBIDDEN',
      what: isOutsider ? 'does not have our user in the organization' : 'denies our user the organization',
      next: 'run `chef-sync-ctl prepare-org` for the organization on that server',
    };
  }
  if (status === 404) {
    return {
      code: 'ORGANIZATION_MISSING',
      what: 'does not show the organization',
      next: `check the organization's name and the \`url\` ${settings} in chef-sync.yaml`,
    };
  }
  if (status >= 300 && status < 400) {
    return {
      code: 'REDIRECTED',
      what: 'sends us to another address, which signed requests never follow',
      next: `set the \`url\` ${settings} in chef-sync.yaml to the address it names`,
    };
  }
  return {
    code: 'SERVER_ERROR',
    what: 'is failing',
    next: 'look at its logs (`chef-server-ctl tail`); the pair goes on as soon as it answers',
  };
}

/** Not a judgement of our rights: an overloaded server says this of 13 % of its members' requests (seen on Chef Infra Server 15.10). */
const isFalseDenial = (text: string): boolean => /failed to verify user/i.test(text);

const OVERLOADED: Finding = {
  code: 'OVERLOADED',
  what: 'has more requests than it can answer',
  next: 'lower `requestsInFlight` in chef-sync.yaml if it happens often; it is tried again by itself',
};

/** A list is what failed as often as an object. */
const TRIED_AGAIN = 'it is tried again by itself';

function objectFinding(failure: RequestFailure): Finding {
  const { cause, status = 0, text } = failure;
  switch (cause) {
    case 'object':
      // A file that was asked for in vain has the status of that answer. Names and texts that no request can carry have none, or a 2xx.
      return status >= 400
        ? {
            code: 'FILE_LOST',
            what: 'does not give a file of the object',
            next: 'upload the object again there; until then it is tried again by itself',
          }
        : {
            code: 'UNCARRIABLE',
            what: 'has an object that cannot be carried',
            next: 'correct or remove it there, then run `chef-sync-ctl retry`',
            isHopeless: true,
          };
    case 'time-out':
      return {
        code: 'TIMED_OUT',
        what: 'took too long over this request alone',
        next: `${TRIED_AGAIN}; if that does not help, look at the server's load`,
      };
    case 'connection':
      return {
        code: 'CONNECTION_LOST',
        what: 'lost the connection over this request alone',
        next: `${TRIED_AGAIN}; if it carries files, check that the server's file store can be reached from here`,
      };
    case 'tls-name':
      return {
        code: 'CERTIFICATE',
        what: 'keeps its files on a host that shows a certificate for another name',
        next: 'let that server name its file store as the certificate does, or give the store a certificate for its name',
      };
    case 'tls':
      return {
        code: 'CERTIFICATE',
        what: 'keeps its files on a host whose certificate does not verify',
        next: 'add the CA of its file store to `tls.ca` of that server in chef-sync.yaml',
      };
    case 'unexpected-answer':
      return {
        code: 'UNEXPECTED_ANSWER',
        what: 'answered this request unlike a Chef server',
        next: `${TRIED_AGAIN}; if that does not help, look at the server's logs and at proxies in front of it`,
      };
  }
  if (status === 413) {
    return {
      code: 'TOO_LARGE',
      what: 'takes no object of this size',
      next: "raise `opscode_erchef['max_request_size']` in its chef-server.rb (for files the limit of its file store), then run `chef-sync-ctl retry`",
      isHopeless: true,
    };
  }
  if (failure.isSandboxCommit === true && status === 503) {
    return {
      code: 'INCOMPLETE_UPLOAD',
      what: 'has not yet seen all files of the upload',
      next: `${TRIED_AGAIN}; if that does not help, look at the server's file store`,
    };
  }
  if (failure.isMissingChecksum === true) {
    return {
      code: 'MISSING_CHECKSUM',
      what: 'lacks files of the cookbook',
      next: 'they are uploaded again with the next attempt',
    };
  }
  switch (status) {
    case 400:
      return {
        code: 'REFUSED',
        what: 'refuses the object',
        next: 'correct it on the primary so that this server accepts it',
      };
    case 409:
      return {
        code: 'CONFLICT',
        what: 'says that the object is in conflict with what it has',
        next: `${TRIED_AGAIN}; look for another writer if it persists`,
      };
    case 401:
      return {
        code: 'UNAUTHORIZED',
        what: 'does not accept our signature of this request alone',
        next: `${TRIED_AGAIN}; if that does not help, look for a proxy that rewrites paths or bodies`,
      };
    case 403:
      if (isFalseDenial(text)) return OVERLOADED;
      return {
        code: 'FORBIDDEN',
        what: 'denies our user this object',
        next: "let the user's group into the object's permissions on that server (`knife acl add`); it is tried again by itself",
      };
    case 404:
      return { code: 'NOT_FOUND', what: 'does not find what the request needs', next: TRIED_AGAIN };
    default:
      return {
        code: 'SERVER_ERROR',
        what: 'fails over this request alone',
        next: `${TRIED_AGAIN}; if that does not help, look at the server's logs (\`chef-server-ctl tail\`)`,
      };
  }
}
