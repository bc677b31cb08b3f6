// Loaded before the sources by the scripts of package.json (`node --import`): a Node.js that cannot read them would end in a stack trace.
if (!process.features.typescript) {
  process.stderr.write(
    `chef-sync needs Node.js 24 or later and this is ${process.versions.node}: install a newer one; on Linux "npm ci" brings one, which "npm run" uses.\n`,
  );
  process.exit(2);
}
