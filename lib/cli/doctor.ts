import { Command } from 'commander';
import { createLogUpdate } from 'log-update';
import { loadConfig } from '../config/load-config.ts';
import type { Finding, JobRequest } from '../model/job.ts';
import { doctorTargets } from '../runtime/doctor-targets.ts';
import { type LocalInspector, openLocalInspector } from '../runtime/local-inspector.ts';
import { DEFAULT_CONFIG } from './default-config.ts';
import { type Exit, exitCodeHelp } from './exit-codes.ts';
import { counted, plainText } from './plain-text.ts';
import { printJsonFields } from './print-json.ts';
import { type Colour, type Screen, screenOn } from './screen.ts';

interface DoctorOptions {
  readonly config: string;
  readonly json?: true;
  readonly writeProbe?: true;
  readonly load?: true;
}

const COLOURS: Readonly<Record<Finding['verdict'], Colour>> = { ok: 'green', warning: 'yellow', failure: 'red' };

/** `chef-sync-ctl doctor`; `finish` gets whether anything failed. */
export function doctorCommand(finish: (exit: Exit) => void): Command {
  return new Command('doctor')
    .summary('test the servers of the configuration, from here')
    .description(
      'Tests, as the configured user and from this machine, whether the Chef servers can be used: name, connection,\n' +
        'certificates, clocks, key, membership, rights for each kind of object, signatures, API version, feed, search, size\n' +
        'limits. Each line says ok, warning or failure, and what to do. Writes nothing unless asked to.',
    )
    .argument('[names...]', 'primary, a replica, or pairs; default: everything')
    .option('--config <file>', 'the configuration', DEFAULT_CONFIG)
    .option('--json', 'print one JSON object')
    .option('--write-probe', 'on replicas, make objects called chef-sync-doctor-… and delete them again')
    .option('--load', 'let each server answer reads for a few seconds, at most requestsInFlight at a time')
    .addHelpText(
      'after',
      `
Examples:
  $ chef-sync-ctl doctor                          everything, before the first run
  $ chef-sync-ctl doctor primary
  $ chef-sync-ctl doctor eu/acme --write-probe    both sides of a pair; can the user write?
  $ chef-sync-ctl doctor eu --load                not while the server is busy

Exit codes (4: something failed; warnings do not count):
${exitCodeHelp(['ok', 'fault', 'refused', 'waiting'])}`,
    )
    .action(async (names: readonly string[], options: DoctorOptions) => finish(await doctor(names, options)));
}

async function doctor(names: readonly string[], options: DoctorOptions): Promise<Exit> {
  const config = loadConfig(options.config);
  const request: JobRequest = {
    command: 'doctor',
    targets: doctorTargets(config.pairs, names),
    ...(options.writeProbe && { writesProbes: true }),
    ...(options.load && { measuresLoad: true }),
  };
  const inspector = openLocalInspector(config, config.pairs);
  let findings: readonly Finding[];
  try {
    findings = await examineShown(inspector, request);
  } finally {
    await inspector.close();
  }
  const exit = findings.some(({ verdict }) => verdict === 'failure') ? 'waiting' : 'ok';
  if (options.json === true) {
    printJsonFields(exit, { findings });
  } else {
    const screen = screenOn(process.stdout);
    for (const line of renderFindings(findings, screen)) screen.line(line);
  }
  return exit;
}

/** A terminal sees that something is going on. */
async function examineShown(inspector: LocalInspector, request: JobRequest): Promise<readonly Finding[]> {
  const screen = screenOn(process.stderr);
  const draw = screen.isTerminal ? createLogUpdate(screen.stream) : undefined;
  try {
    draw?.('examining the servers');
    const { lines } = await inspector.finish(request);
    return lines.flatMap((line) => ('verdict' in line ? [line] : []));
  } finally {
    draw?.clear();
    draw?.done();
  }
}

/** The findings under their servers and organizations, and a last line with the counts. */
export function renderFindings(findings: readonly Finding[], screen: Pick<Screen, 'paint'>): readonly string[] {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines: string[] = [];
  let about: string | undefined;
  for (const { server, organization, check, verdict, text } of findings) {
    const title = organization == null ? server : `${server}, organization ${organization}`;
    if (title !== about) lines.push(title);
    about = title;
    lines.push(
      `  ${screen.paint(verdict.padEnd('warning'.length), COLOURS[verdict])}  ${check.padEnd(width)}  ${plainText(text)}`,
    );
  }
  const count = (wanted: Finding['verdict']): number => findings.filter(({ verdict }) => verdict === wanted).length;
  return [
    ...lines,
    `${count('ok')} ok, ${counted(count('warning'), 'warning')}, ${counted(count('failure'), 'failure')}`,
  ];
}
