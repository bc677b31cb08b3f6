// Loaded before the sources by the scripts of package.json and by cdk.json (`node --import`): a Node.js that cannot read them would end in a stack trace.
// The bound is that of refuse-old-node.ts.
if (!process.features.typescript || Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(
    `chef-sync needs Node.js 24 or later and this is ${process.versions.node}: install a newer one; on Linux "npm ci" brings one, which "npm run" uses.\n`,
  );
  process.exit(2);
}
