/**
 * Takes the place of `undici` in the bundles: its index brings fetch, mocks, caches and WebSockets, some 230 KB that no
 * function uses. Plain JavaScript, because the package types its index alone. The version is pinned, and the test of the
 * assembly runs the bundles, so a release that moves a file is noticed.
 */
import api from '../node_modules/undici/lib/api/index.js';
import Agent from '../node_modules/undici/lib/dispatcher/agent.js';
import Dispatcher from '../node_modules/undici/lib/dispatcher/dispatcher.js';
import EnvHttpProxyAgent from '../node_modules/undici/lib/dispatcher/env-http-proxy-agent.js';

// As its index does: `request` is no method of an agent before.
Object.assign(Dispatcher.prototype, api);

export { Agent, EnvHttpProxyAgent };
