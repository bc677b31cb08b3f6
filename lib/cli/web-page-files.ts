/** The files of the status page, by path: no build step, nothing from elsewhere. */
export const WEB_PAGE_FILES: ReadonlyMap<string, { readonly type: string; readonly text: string }> = new Map([
  [
    '/',
    {
      type: 'text/html; charset=utf-8',
      text: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Chef Replication</title>
<link rel="stylesheet" href="style.css">
<link rel="icon" href="data:,">
<script src="script.js" defer></script>
</head>
<body>
<a class="skip" href="#pairs">To the pairs</a>
<header>
<h1>Chef Replication</h1>
<p id="summary" role="status">Reading the state…</p>
<p id="at"></p>
</header>
<main id="pairs" tabindex="-1"></main>
<noscript><p>This page needs JavaScript. <code>chef-sync-ctl sync-status</code> shows the same.</p></noscript>
</body>
</html>
`,
    },
  ],
  [
    '/style.css',
    {
      type: 'text/css; charset=utf-8',
      text: `:root {
  --paper: #fbfaf8; --card: #fff; --ink: #1d2327; --soft: #59636b; --line: #e2dfda; --track: #efece7;
  --good: #1a6b45; --work: #13628b; --look: #855400; --bad: #a8321f; --idle: #59636b;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181b; --card: #1b2024; --ink: #e8eaec; --soft: #a3adb5; --line: #2e353b; --track: #262d32;
    --good: #6cc79a; --work: #74bfe6; --look: #e5b567; --bad: #f2917f; --idle: #a3adb5;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 2.5rem 1.5rem 4rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; font-variant-numeric: tabular-nums; }
h1 { margin: 0; font-size: 1.15rem; font-weight: 600; letter-spacing: .01em; }
h2 { margin: 0; font-size: 1.35rem; font-weight: 600; overflow-wrap: anywhere; }
h3, caption { margin: 0 0 .4rem; font-size: .8rem; font-weight: 600; color: var(--soft); text-align: start; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1.5rem; margin-bottom: 1.75rem; }
header p { margin: 0; color: var(--soft); }
#at { margin-inline-start: auto; font-size: .85rem; }
main:focus { outline: none; }
:focus-visible { outline: 3px solid var(--work); outline-offset: 3px; border-radius: 4px; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1.5rem; top: .5rem; }
section { margin-bottom: 1.25rem; padding: 1.5rem; background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.top { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1.25rem; }
.state { font-weight: 600; }
.state::before { content: ""; display: inline-block; width: .6em; height: .6em; margin-inline-end: .5em; border-radius: 50%; background: currentcolor; }
.good { color: var(--good); } .work { color: var(--work); } .look { color: var(--look); } .bad { color: var(--bad); } .idle { color: var(--idle); }
.polls { margin-inline-start: auto; color: var(--soft); font-size: .85rem; }
.facts { display: grid; grid-template-columns: 3fr 2fr; gap: 1.5rem 2.5rem; margin-top: 1.25rem; }
@media (max-width: 44rem) { .facts { grid-template-columns: 1fr; } .polls { margin-inline-start: 0; } }
svg { display: block; width: 100%; height: 7rem; }
.curve { fill: none; stroke: var(--work); stroke-width: 2; vector-effect: non-scaling-stroke; }
.area { fill: var(--work); opacity: .12; }
.base { stroke: var(--line); vector-effect: non-scaling-stroke; }
.scale { display: flex; justify-content: space-between; color: var(--soft); font-size: .75rem; }
.stages { display: grid; grid-template-columns: auto 1fr auto; gap: .3rem .9rem; margin: 0; align-items: center; font-size: .9rem; }
.stages dt { grid-column: 1; } .stages dd { margin: 0; }
.stages svg { height: .5rem; border-radius: 4px; background: var(--track); }
.bar { fill: var(--work); }
ul { margin: 1.1rem 0 0; padding: 0; list-style: none; color: var(--soft); font-size: .9rem; }
li { overflow-wrap: anywhere; }
details { margin-top: 1.1rem; border-top: 1px solid var(--line); padding-top: .9rem; }
summary { cursor: pointer; font-size: .9rem; font-weight: 600; width: fit-content; }
.scroll { overflow-x: auto; }
table { width: 100%; margin-top: .75rem; border-collapse: collapse; font-size: .85rem; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
th { text-align: start; font-weight: 600; color: var(--soft); white-space: nowrap; }
th, td { padding: .35rem 1rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td:first-child { font-family: ui-monospace, monospace; }
td:not(:first-child, :last-child) { white-space: nowrap; }
.problem { color: var(--bad); }
`,
    },
  ],
  [
    '/script.js',
    {
      type: 'text/javascript; charset=utf-8',
      text: `'use strict';
// Everything that is shown goes in as text: what a server answered is never taken for markup.
const REFRESH_MS = 5000;
const SVG = 'http://www.w3.org/2000/svg';
const byId = (id) => document.getElementById(id);
function el(name, attributes, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) node.setAttribute(key, value);
  node.append(...children);
  return node;
}
function shape(name, attributes, ...children) {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}
const sections = new Map();

function sectionOf(pair) {
  const known = sections.get(pair);
  if (known) return known;
  const id = 'pair-' + sections.size;
  const parts = {
    state: el('span', { class: 'state' }), polls: el('span', { class: 'polls' }), lag: el('div'), stages: el('dl', { class: 'stages' }),
    details: el('ul'), unsynced: fold(['Object', 'Action', 'State', 'Since', 'Next try', 'Reason'], 'Unsynced objects of ' + pair),
    recent: fold(['Object', 'Action', 'When'], 'Recent copies of ' + pair),
  };
  const root = el('section', { 'aria-labelledby': id },
    el('div', { class: 'top' }, el('h2', { id }, pair), parts.state, parts.polls),
    el('div', { class: 'facts' },
      el('div', {}, el('h3', {}, 'Lag'), parts.lag), el('div', {}, el('h3', {}, 'Backlog by stage'), parts.stages)),
    parts.details, parts.unsynced.root, parts.recent.root);
  const section = { root, ...parts };
  sections.set(pair, section);
  byId('pairs').append(root);
  return section;
}

function fold(header, caption) {
  const summary = el('summary');
  const body = el('tbody');
  const head = el('thead', {}, el('tr', {}, ...header.map((text) => el('th', { scope: 'col' }, text))));
  const table = el('table', {}, el('caption', {}, caption), head, body);
  const scroll = el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': caption }, table);
  return { root: el('details', {}, summary, scroll), summary, body };
}

function fill({ root, summary, body }, title, rows) {
  summary.textContent = title;
  root.hidden = rows.length === 0;
  body.replaceChildren(...rows.map((cells) => el('tr', {}, ...cells.map((text) => el('td', {}, text)))));
}

function lagChart({ history, lag, mostLag, span }, pair) {
  const most = Math.max(1000, ...history.map(([, lagMs]) => lagMs));
  const [first] = history.length ? history[0] : [0];
  const [last] = history.length ? history[history.length - 1] : [1];
  const x = (at) => (last === first ? 600 : ((at - first) / (last - first)) * 600);
  const y = (lagMs) => 98 - (lagMs / most) * 90;
  const points = history.map(([at, lagMs]) => x(at).toFixed(1) + ',' + y(lagMs).toFixed(1));
  const text = 'Lag of ' + pair + ': ' + lag + ' now, at most ' + mostLag + ' in the last ' + span;
  return [
    shape('svg', { viewBox: '0 0 600 100', preserveAspectRatio: 'none', role: 'img', 'aria-label': text },
      shape('line', { class: 'base', x1: 0, x2: 600, y1: 98, y2: 98 }),
      shape('polygon', { class: 'area', points: ['0,98', ...points, '600,98'].join(' ') }),
      shape('polyline', { class: 'curve', points: points.join(' ') })),
    el('div', { class: 'scale' }, el('span', {}, span + ' ago'), el('span', {}, lag + ' now, at most ' + mostLag)),
  ];
}

function stageRows(backlog) {
  const most = Math.max(1, ...Object.values(backlog));
  return Object.entries(backlog).flatMap(([stage, count]) => [
    el('dt', {}, stage),
    el('dd', {}, shape('svg', { viewBox: '0 0 100 1', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
      shape('rect', { class: 'bar', width: (count / most) * 100, height: 1 }))),
    el('dd', {}, String(count)),
  ]);
}

function show(one) {
  const section = sectionOf(one.pair);
  section.state.textContent = one.state;
  section.state.className = 'state ' + one.tone;
  section.polls.textContent = 'last poll ' + one.lastPoll + ', next ' + one.nextPoll;
  section.lag.replaceChildren(...lagChart(one, one.pair));
  section.stages.replaceChildren(...stageRows(one.backlog));
  section.details.replaceChildren(...one.details.map((text) => el('li', {}, text)));
  const more = one.unsyncedLeft > 0 ? ', the first ' + one.unsynced.length : '';
  fill(section.unsynced, 'Unsynced objects (' + (one.unsynced.length + one.unsyncedLeft) + more + ')', one.unsynced);
  fill(section.recent, 'Recent copies', one.recent);
}

function tell(id, text) {
  // Said again only when it has changed: a screen reader is not interrupted every five seconds.
  if (byId(id).textContent !== text) byId(id).textContent = text;
}

async function refresh() {
  try {
    const answer = await fetch('status.json', { cache: 'no-store' });
    const status = await answer.json();
    byId('summary').classList.toggle('problem', status.problem !== undefined);
    tell('summary', status.problem ?? status.summary);
    byId('at').textContent = 'as of ' + status.at;
    for (const one of status.pairs) show(one);
    const names = new Set(status.pairs.map(({ pair }) => pair));
    if (status.problem === undefined) {
      for (const [pair, { root }] of sections) if (!names.has(pair)) { root.remove(); sections.delete(pair); }
    }
  } catch {
    byId('summary').classList.add('problem');
    tell('summary', 'chef-sync-ctl does not answer any more; what is below is old.');
  }
  setTimeout(refresh, REFRESH_MS);
}
void refresh();
`,
    },
  ],
]);
