import { isChefZeroInstalled } from './chef-zero.ts';
import { isGoiardiInstalled } from './goiardi.ts';

/** A real Chef server that the suites can start. */
export interface StartableServer {
  readonly name: 'goiardi' | 'chef-zero';
  /** Looked up among this machine's programs when the tests are loaded; nothing is started, no network is used. */
  readonly isInstalled: boolean;
  /** The commands that install it on Debian 12. */
  readonly install: string;
}

/** Suites register their cases for the installed ones only; `report-tested-servers.ts` says which ones were missing. */
export const startableServers: readonly StartableServer[] = [
  {
    name: 'goiardi',
    isInstalled: isGoiardiInstalled(),
    install: 'apt-get install goiardi postgresql',
  },
  {
    name: 'chef-zero',
    isInstalled: isChefZeroInstalled(),
    install: 'apt-get install ruby-dev gcc make && gem install chef-zero -v 15.1.11 && gem install webrick -v 1.9.2',
  },
];

/** Whether the suites can start this server here. */
export function isServerInstalled(name: StartableServer['name']): boolean {
  return startableServers.some((server) => server.name === name && server.isInstalled);
}

/** One line: the Chef servers of a test run, and how to install those that it had to do without. */
export function describeTestedServers(servers: readonly StartableServer[]): string {
  const tested = ['fake', ...servers.filter((server) => server.isInstalled).map((server) => server.name)];
  const missing = servers
    .filter((server) => !server.isInstalled)
    .map(({ name, install }) => `${name} (install: ${install})`);
  return `Chef servers tested: ${tested.join(', ')}; not tested: ${missing.join(', ') || 'none'}`;
}
