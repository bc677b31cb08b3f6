import { describe, expect, test } from 'vitest';
import { formatLogLine } from '../../../lib/cli/log-line.ts';
import { progressBar, progressLine, progressMessage } from '../../../lib/cli/progress-line.ts';
import { renderCheck } from '../../../lib/cli/render-check.ts';
import { renderPlan } from '../../../lib/cli/render-plan.ts';
import { renderStatusTable } from '../../../lib/cli/render-status.ts';
import { nextTry, renderUnsynced } from '../../../lib/cli/render-unsynced.ts';
import type { Screen } from '../../../lib/cli/screen.ts';
import { nextStep, statusDetails } from '../../../lib/cli/status-details.ts';
import { pairStatusOf } from './pair-status.ts';

const NOW = 100_000;

const screenOf = (width?: number): Screen => ({
  stream: process.stdout,
  isTerminal: width !== undefined,
  width: () => width,
  line: () => undefined,
  paint: (text) => text,
});

describe('the status table', () => {
  test('says of a pair in sync how old the older reading of both sides is', () => {
    const [, row] = renderStatusTable([pairStatusOf()], NOW, screenOf());

    expect(row).toMatch(/^eu\/acme {2}in sync .* names as of \S+( \S+)? \(10s ago\), contents as of .* \(1m ago\)$/);
  });

  test('breaks what it has to say on a terminal and cuts none of it, and gives a file a line', () => {
    const reason = 'the certificate of https://chef-eu.example.com does not verify; name the CA in tls.ca';
    const paused = { side: 'replica', code: 'TLS', reason, since: 90_000, until: 150_000 } as const;
    const status = pairStatusOf({ condition: 'waiting', text: `waiting for replica (${reason})`, paused });

    for (const width of [60, 80, 120]) {
      const lines = renderStatusTable([status], NOW, screenOf(width));
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
      expect(lines.join(' ').replace(/ +/g, ' ')).toContain(reason);
    }
    expect(renderStatusTable([status], NOW, screenOf()).join('\n')).toContain(reason);
  });

  test('leaves a command in one piece on a narrow terminal', () => {
    const plan = { id: 'abc', kind: 'role', at: 0, reason: 'more than pass', count: 30, samples: [] } as const;
    const status = pairStatusOf({ condition: 'deletes held', text: 'deletes held 30', plans: [plan] });

    expect(renderStatusTable([status], NOW, screenOf(50))).toContain('    chef-sync-ctl approve-deletes eu/acme abc');
  });

  test('names one command for all plans of a pair, after the last of them', () => {
    const plans = (['role', 'environment'] as const).map((kind) => {
      return { id: `p-${kind}`, kind, at: 0, reason: 'more than pass', count: 30, samples: [] };
    });
    const details = statusDetails(pairStatusOf({ condition: 'deletes held', plans }), NOW, ' --stack chef-sync');

    expect(details.slice(0, 3)).toEqual([
      expect.stringContaining('30 role deletes held under plan p-role'),
      expect.stringContaining('30 environment deletes held under plan p-environment'),
      'let them go, if they are right: chef-sync-ctl approve-deletes eu/acme p-role p-environment --stack chef-sync',
    ]);
  });

  test('says of a pair that waits for a list for which side it waits, and what keeps the list from being read once', () => {
    const unread = [{ side: 'primary', list: '/data', reason: '504 Gateway Time-out' }] as const;
    const text = 'waiting for primary (list /data cannot be read: 504 Gateway Time-out)';
    const status = pairStatusOf({ condition: 'waiting', text, unread });

    const said = renderStatusTable([status], NOW, screenOf()).join('\n');

    expect(said).toMatch(/eu\/acme {2}waiting for primary .* primary list \/data cannot be read/);
    expect(said.match(/504/g)).toHaveLength(1);
    expect(progressMessage({ status }, NOW)).toMatch(/^waiting for primary {2}primary list \/data cannot be read/);
  });

  test('shows no lag where nobody knows what has changed', () => {
    const [, row] = renderStatusTable(
      [pairStatusOf({ condition: 'stale', text: 'stale (since noon)' })],
      NOW,
      screenOf(),
    );

    expect(row).toMatch(/^eu\/acme {2}stale +- +- +- +since noon$/);
  });

  test('says when a pair that waits for a server is tried again', () => {
    const paused = {
      side: 'replica',
      code: 'UNREACHABLE',
      reason: 'is down',
      since: NOW,
      until: NOW + 30_000,
    } as const;
    const status = pairStatusOf({ condition: 'waiting', paused, nextPollAt: NOW });

    expect(renderStatusTable([status], NOW, screenOf())[1]).toMatch(/^eu\/acme {2}waiting for replica +- +in 30s +- /);
  });

  test.each(['stopped', 'no longer configured'] as const)('promises no next poll of a pair that is %s', (condition) => {
    const status = pairStatusOf({ condition, text: condition, nextPollAt: 0 });

    expect(renderStatusTable([status], NOW, screenOf())[1]).toMatch(new RegExp(`^eu/acme {2}${condition} +- +- +- `));
  });

  test('offers of a pair that is no longer configured only what can be done with it', () => {
    const plan = { id: 'abc', kind: 'role', at: 0, reason: 'more than pass', count: 30, samples: [] } as const;
    const counts = { held: 30, parked: 2 };
    const status = pairStatusOf({ condition: 'no longer configured', counts, plans: [plan] });
    const lines = [...statusDetails(status, NOW), nextStep(status)].join('\n');

    expect(lines).toContain('30 role deletes held under plan abc');
    expect(lines).toContain('chef-sync-ctl forget eu/acme');
    expect(lines).not.toMatch(/approve-deletes|retry/);
  });

  test('says what deletes wait for', () => {
    const deletesWait = 'deletes of cookbooks and data bags wait for /roles/web, which fails';
    const lastPoll = { startedAt: 0, endedAt: 1, isComplete: true, deletesWait };

    expect(statusDetails(pairStatusOf({ condition: 'catching up', lastPoll }), NOW)).toContain(deletesWait);
  });

  test('names held deletes with plan, reason and a few of the objects', () => {
    const samples = ['/roles/a', '/roles/b', '/roles/c', '/roles/d'] as const;
    const plan = { id: 'abc', kind: 'role', at: 0, reason: 'more than pass', count: 30, samples } as const;
    const status = pairStatusOf({
      condition: 'deletes held',
      text: 'deletes held 30',
      plans: [plan],
      counts: { held: 30 },
    });

    expect(renderStatusTable([status], NOW, screenOf())[1]).toMatch(
      /deletes held 30 .* 30 role deletes held under plan abc: more than pass \(\/roles\/a, \/roles\/b, \/roles\/c and 27 more\)$/,
    );
  });
});

test('unsynced objects show age, attempts, next try and reason', () => {
  const object = { path: '/roles/web', action: 'upsert', state: 'pending', since: 40_000, attempts: 2 } as const;

  const lines = renderUnsynced(
    [{ ...object, nextAttemptAt: 220_000, reason: '400 no\u001b[2J\nFORGED' }],
    NOW,
    screenOf(),
  );

  expect(lines[1]).toMatch(
    /^\/roles\/web {2}upsert {2}pending {2}\d\d:\d\d:40 \(1m ago\) {2}2 {9}in 2m {5}400 no FORGED$/,
  );
  expect(renderUnsynced([], NOW, screenOf())).toEqual(['none']);
});

test('a delete that waits for others is not said to be tried now', () => {
  const due = { path: '/roles/web', state: 'pending', nextAttemptAt: NOW, reason: 'waits for its turn' } as const;

  expect(nextTry({ ...due, action: 'delete', attempts: 0 }, NOW)).toBe('in its turn');
  expect(nextTry({ ...due, action: 'delete', attempts: 2 }, NOW)).toBe('in its turn');
  expect(nextTry({ ...due, action: 'upsert', attempts: 0 }, NOW)).toBe('in its turn');
  expect(nextTry({ ...due, action: 'upsert', attempts: 2 }, NOW)).toBe('now');
  expect(nextTry({ ...due, action: 'delete', attempts: 2, nextAttemptAt: NOW + 60_000 }, NOW)).toBe('in 1m');
});

test('a plan shows when something is tried again in local time, with how long that is', () => {
  const job = { request: { command: 'plan', pair: 'eu/acme' }, startedAt: 0, counts: {} } as const;
  const reason = `is tried again at ${new Date(NOW + 120_000).toISOString()}: 400 no`;
  const lines = [{ action: 'upsert', path: '/roles/web', reason } as const];

  const [line] = renderPlan('eu/acme', { job, lines, values: new Map() }, NOW, screenOf());

  expect(line).toMatch(/^upsert {6}\/roles\/web {2}is tried again at \d\d:\d\d:40 \(in 2m\): 400 no$/);
});

test('a check lists what is not equal, safe to print, and counts everything', () => {
  const lines = renderCheck(
    'eu/acme',
    {
      job: {
        request: { command: 'check', pair: 'eu/acme', listsEqual: false },
        startedAt: 0,
        counts: { '=': 1, '*': 1, '!': 1 },
      },
      lines: [
        { sign: '*', path: '/roles/b', fields: ['description', 'run_list'] },
        { sign: '!', path: '/roles/c', reason: 'The replica said\u001b[2J\nFORGED.' },
      ],
      values: new Map(),
    },
    screenOf(),
  );

  expect(lines).toEqual([
    '* /roles/b  description, run_list',
    '! /roles/c  The replica said FORGED.',
    'eu/acme  3 objects, 1 equal (=), 1 different (*), 1 not readable (!)',
  ]);
});

describe('the progress of a pair', () => {
  test('has a bar, the stage, the rate and the lag while it bootstraps', () => {
    const status = pairStatusOf({
      condition: 'bootstrapping',
      lagMs: 4_000,
      counts: { total: 1_000, pendingUpserts: 750 },
    });

    expect(progressLine({ status, stage: 'content', objectsPerSecond: 84.6 }, 8, NOW, screenOf())).toBe(
      'eu/acme   bootstrapping  ██████░░░░░░░░░░░░░░░░░░  content  250/1000  85/s  lag 4s',
    );
  });

  test('never wraps on a narrow terminal', () => {
    expect(progressLine({ status: pairStatusOf() }, 7, NOW, screenOf(30)).length).toBeLessThan(30);
  });

  test('has an empty bar before anything was found', () => {
    expect(progressBar(0, 0, 4)).toBe('░░░░');
    expect(progressBar(4, 4, 4)).toBe('████');
  });
});

describe('a log line', () => {
  test('has instant, level, pair, message and fields', () => {
    const line = {
      at: 0,
      level: 'info',
      about: 'eu/acme',
      message: 'deleted',
      fields: { path: '/roles/a b', n: 2 },
    } as const;

    expect(formatLogLine(line)).toBe('1970-01-01T00:00:00Z info  eu/acme  deleted path="/roles/a b" n=2');
  });

  test('stays one line and moves no cursor, whatever a server answered', () => {
    const line = {
      at: 0,
      level: 'warn',
      about: 'eu/acme',
      message: '500 \u001b[31mred\r\u0007\u2028end\n    at trace',
    } as const;

    expect(formatLogLine(line)).toBe('1970-01-01T00:00:00Z warn  eu/acme  500 red end');
  });
});
