/** The first version that runs the sources as they are and has all of node:sqlite that is needed. */
const OLDEST_NODE = 24;

/** Whether this Node.js is too old; then one sentence on stderr says so. Imports nothing: it must run where the rest cannot. */
export function isNodeTooOld(): boolean {
  const isTooOld = Number.parseInt(process.versions.node, 10) < OLDEST_NODE;
  if (isTooOld) {
    process.stderr.write(
      `chef-sync needs Node.js ${OLDEST_NODE} or later and this is ${process.versions.node}: install a newer one; in a checkout "npm ci" brings one for Linux, which "npm start" and "npx chef-sync-ctl" use.\n`,
    );
  }
  return isTooOld;
}
