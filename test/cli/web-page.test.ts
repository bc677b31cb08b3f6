import { request } from 'node:http';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findFolderOf, searchPath } from '../support/find-executable.ts';
import { findFreePort } from '../support/free-port.ts';
import { type ReplicatedServers, startReplicatedServers } from './replicated-servers.ts';
import { type CliProcess, startCli } from './run-cli.ts';
import { runHere } from './run-here.ts';

let servers: ReplicatedServers;
let port: number;
let daemon: CliProcess;

/** A pair in sync, and one with an object that its replica refuses, which answers with something like markup. */
beforeAll(async () => {
  servers = await startReplicatedServers(['eu', 'us']);
  servers.replicas[1]?.faults.when(
    { method: 'POST', path: /roles/ },
    { kind: 'answer', status: 413, body: '{"error":"<img src=x onerror=alert(1)> too large"}' },
    { times: 1 },
  );
  port = await findFreePort();
  daemon = startCli(['run', '--web', String(port), '--config', servers.configFile]);
  await daemon.shows(/info {2}manager {2}live status: http:\/\/127\.0\.0\.1:\d+\//);
  await daemon.shows(/info {2}eu\/acme {2}in sync/);
  await daemon.shows(/info {2}us\/acme {2}unsynced 1/);
});
afterAll(async () => {
  daemon.kill('SIGTERM');
  await daemon.ended();
  await servers[Symbol.asyncDispose]();
});

/** One request as any program may send it. */
const ask = (path: string, options: { readonly method?: string; readonly host?: string } = {}) =>
  new Promise<{ readonly status: number; readonly headers: NodeJS.Dict<string | string[]>; readonly text: string }>(
    (resolve, reject) => {
      const headers = options.host === undefined ? {} : { host: options.host };
      const sent = request({ host: '127.0.0.1', port, path, method: options.method ?? 'GET', headers }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (piece: string) => {
          text += piece;
        });
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }));
      });
      sent.on('error', reject).end();
    },
  );

describe('the status page', () => {
  test('is for this machine alone, and refuses a name that was made to point here', async () => {
    expect((await ask('/status.json', { host: `localhost:${port}` })).status).toBe(200);
    expect((await ask('/status.json', { host: `evil.example:${port}` })).status).toBe(421);
    expect((await ask('/status.json', { host: '127.0.0.1' })).status).toBe(421);
  });

  test('only shows: nothing can be sent to it, and there is nothing else', async () => {
    expect((await ask('/', { method: 'POST' })).status).toBe(405);
    expect((await ask('/../package.json')).status).toBe(404);
  });

  test('allows scripts and styles of its own and nothing from elsewhere', async () => {
    const { headers, text } = await ask('/');

    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'; /);
    for (const path of ['/', '/script.js', '/style.css']) {
      expect((await ask(path)).text.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|["'(]\/\//);
    }
    expect((await ask('/style.css')).text).not.toMatch(/transition|animation/);
    expect(text).not.toMatch(/ style=|<style|<script>/);
  });

  test('a port that is taken is one sentence', async () => {
    const { code, stderr } = await runHere('sync-status', '--web', String(port), '--config', servers.configFile);

    expect(code).toBe(2);
    expect(stderr).toMatch(/^chef-sync-ctl: The status page cannot be served on port \d+ .*EADDRINUSE.*\n$/);
  });

  test('is served by sync-status too, until it is told to end', async () => {
    const page = startCli(['sync-status', '--web', '--config', servers.configFile]);
    await page.shows(/^live status: http:\/\/127\.0\.0\.1:\d+\/$/m);
    page.kill('SIGINT');
    expect((await page.ended()).code).toBe(0);
  });
});

const folder = findFolderOf(['chromium'], searchPath());
if (folder === undefined) {
  console.log(
    'The status page is not looked at in a browser: there is no chromium (install: apt-get install chromium).',
  );
} else {
  test('in a browser it shows pairs, lag, backlog, unsynced objects and recent copies, and can be used by everybody', async () => {
    const browser = await chromium.launch({ executablePath: `${folder}/chromium`, args: ['--no-sandbox'] });
    try {
      const page = await browser.newPage({ viewport: { width: 1100, height: 900 }, colorScheme: 'light' });
      const complaints: string[] = [];
      page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())));
      page.on('pageerror', (error) => void complaints.push(error.message));
      page.on('dialog', (dialog) => void complaints.push(dialog.message()));
      await page.goto(`http://127.0.0.1:${port}/`);

      await page.getByText('2 pairs, 1 needs attention').waitFor();
      const [eu, us] = [
        page.getByRole('region', { name: 'eu/acme', exact: true }),
        page.getByRole('region', { name: 'us/acme', exact: true }),
      ];
      await eu.getByText('in sync').first().waitFor();
      await us.getByText('Unsynced objects (1)').click();
      // What the server answered is text, not markup.
      await us.getByRole('cell', { name: /<img src=x/ }).waitFor();
      await eu.getByRole('img', { name: /^Lag of eu\/acme: \S+ now/ }).waitFor();
      expect(await eu.locator('dt').allTextContents()).toEqual([
        'content',
        'definitions',
        'pointers',
        'deletes',
        'held',
        'parked',
      ]);

      // By keyboard: the fold opens, and stays open when the page refreshes.
      await eu.locator('summary').filter({ hasText: 'Recent copies' }).focus();
      await page.keyboard.press('Enter');
      await eu.getByRole('cell', { name: '/roles/web' }).waitFor();
      await page.waitForResponse(/status\.json$/);
      expect(await eu.getByRole('cell', { name: '/roles/web' }).isVisible()).toBe(true);
      expect(await page.locator('table caption').count()).toBe(4);
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Chef Replication');
      expect(await page.getByRole('status').count()).toBe(1);
      for (const scheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme: scheme });
        expect(await page.evaluate(lowestContrast)).toBeGreaterThanOrEqual(4.5);
        const shots = process.env['SCREENSHOTS'];
        if (shots !== undefined) await page.screenshot({ path: `${shots}/${scheme}.png`, fullPage: true });
      }
      // Nothing moves, so there is nothing to reduce.
      expect(await page.evaluate('document.getAnimations().length')).toBe(0);
      expect(complaints).toEqual([]);
    } finally {
      await browser.close();
    }
  });
}

/** In the page: the lowest contrast of any text with what is behind it, as WCAG reckons it. */
const lowestContrast = `(() => {
  const parse = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    for (let one = node; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const texts = [...document.querySelectorAll('h1,h2,h3,p,span,li,dt,dd,summary,th,td')].filter((n) => n.textContent.trim());
  return Math.min(...texts.map((node) => {
    const [a, b] = [light(parse(getComputedStyle(node).color)), light(behind(node))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  }));
})()`;
