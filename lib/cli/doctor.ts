import { stripVTControlCharacters } from 'node:util';
import { Command } from 'commander';
import type { Finding } from '../model/job.ts';
import type { JobOrder } from '../runtime/inspector.ts';
import { type Exit, exitCodeHelp } from './exit-codes.ts';
import { finishJob } from './finish-job.ts';
import { type InspectionOptions, openInspection, withInspectionOptions } from './open-inspection.ts';
import { counted, foldText, plainText } from './plain-text.ts';
import { printJson } from './print-json.ts';
import { type Colour, type Screen, screenOn } from './screen.ts';

interface DoctorOptions extends InspectionOptions {
  readonly writeProbe?: true;
  readonly load?: true;
}

const COLOURS: Readonly<Record<Finding['verdict'], Colour>> = { ok: 'green', warning: 'yellow', failure: 'red' };

/** `chef-sync-ctl doctor`; `finish` gets whether anything failed. */
export function doctorCommand(finish: (exit: Exit) => void): Command {
  return withInspectionOptions(new Command('doctor'))
    .summary('test the servers of the configuration, from here')
    .description(
      'Tests, as the configured user and from this machine, whether the Chef servers can be used: name, connection,\n' +
        'certificates, clocks, key, membership, rights for each kind of object, signatures, API version, feed, search, size\n' +
        'limits. Each line says ok, warning or failure, and what to do. Writes nothing unless asked to.',
    )
    .argument('[names...]', 'primary, a replica, or pairs; default: everything')
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
  $ chef-sync-ctl doctor --stack chef-sync        from inside a deployment, with its network and secrets

Exit codes (4: something failed; warnings do not count):
${exitCodeHelp(['ok', 'fault', 'refused', 'waiting', 'killed'])}`,
    )
    .action(async (names: readonly string[], options: DoctorOptions) => finish(await doctor(names, options)));
}

async function doctor(names: readonly string[], options: DoctorOptions): Promise<Exit> {
  const { inspector, stack } = await openInspection(options);
  const order: JobOrder = {
    command: 'doctor',
    names,
    ...(options.writeProbe && { writesProbes: true }),
    ...(options.load && { measuresLoad: true }),
  };
  let findings: readonly Finding[];
  try {
    const { lines } = await finishJob(inspector, order, {
      // What it makes on a replica it removes again. A function does so whoever waits for it.
      ...(options.writeProbe && stack === undefined && { endsAfter: 'the server that is being examined' }),
    });
    findings = lines.flatMap((line) => ('verdict' in line ? [line] : []));
  } finally {
    await inspector.close();
  }
  const exit = findings.some(({ verdict }) => verdict === 'failure') ? 'waiting' : 'ok';
  if (options.json === true) {
    printJson(exit, { ...(stack !== undefined && { stack }), findings });
  } else {
    const screen = screenOn(process.stdout);
    if (stack !== undefined) screen.line(`tested from inside the stack ${stack}: its network, its CA, its secrets`);
    for (const line of renderFindings(findings, screen)) screen.line(line);
  }
  return exit;
}

/** The findings under their servers and organizations, and a last line with the counts. */
function renderFindings(findings: readonly Finding[], screen: Pick<Screen, 'width' | 'paint'>): readonly string[] {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines: string[] = [];
  let about: string | undefined;
  for (const { server, organization, check, verdict, text } of findings) {
    const title = organization == null ? server : `${server}, organization ${organization}`;
    if (title !== about) lines.push(title);
    about = title;
    const begin = `  ${screen.paint(verdict.padEnd('warning'.length), COLOURS[verdict])}  ${check.padEnd(width)}  `;
    const indent = ' '.repeat(stripVTControlCharacters(begin).length);
    const [first = '', ...others] = foldText(
      plainText(text),
      (screen.width() ?? Number.POSITIVE_INFINITY) - indent.length,
    );
    lines.push(begin + first, ...others.map((line) => indent + line));
  }
  const count = (wanted: Finding['verdict']): number => findings.filter(({ verdict }) => verdict === wanted).length;
  return [
    ...lines,
    `${count('ok')} ok, ${counted(count('warning'), 'warning')}, ${counted(count('failure'), 'failure')}`,
  ];
}
