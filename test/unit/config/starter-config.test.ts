import { dirname, resolve } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseConfig } from '../../../lib/config/load-config.ts';
import { type StarterAnswers, starterAnswerProblem, starterConfig } from '../../../lib/config/starter-config.ts';

const FILE = '/etc/chef-sync/chef-sync.yaml';

/** Names that YAML, or a pattern that is not anchored, would take for something else. */
const tricky = fc.constantFrom('true', 'null', '1', '1e3', '0x1f', '1_000', '2026-11-28', 'y', 'no', '~');
const nameOf = (question: 'replica' | 'organization' | 'user', pattern: RegExp) =>
  fc.oneof(tricky, fc.stringMatching(pattern)).filter((name) => starterAnswerProblem(question, name) === undefined);

const answers: fc.Arbitrary<StarterAnswers> = fc.record({
  home: fc.constantFrom('local', 'aws'),
  primaryUrl: fc.webUrl().map((url) => `${new URL(url).origin}/primary`),
  replicas: fc
    .uniqueArray(nameOf('replica', /^[A-Za-z0-9][A-Za-z0-9_-]{0,9}$/), { minLength: 1, maxLength: 3 })
    .map((names) => names.map((name) => ({ name, url: `https://${name.toLowerCase()}.example.com:8443/${name}` })))
    .filter((replicas) => replicas.every(({ url }) => starterAnswerProblem('url', url) === undefined)),
  organizations: fc.uniqueArray(
    fc.record({
      source: nameOf('organization', /^[a-z0-9][a-z0-9_-]{0,9}$/),
      destination: nameOf('organization', /^[a-z0-9][a-z0-9_-]{0,9}$/),
    }),
    { minLength: 1, maxLength: 3, selector: ({ destination }) => destination },
  ),
  user: nameOf('user', /^[A-Za-z0-9._-]{1,10}$/),
});

test('a first configuration says what was answered, whatever it is', () => {
  fc.assert(
    fc.property(answers, (given) => {
      const text = starterConfig(given);

      const { pairs, warnings } = parseConfig(text, {
        file: FILE,
        home: given.home === 'aws' ? 'aws' : 'unprepared',
        readFile: () => expect.fail('no file is read'),
      });

      const read = pairs.map(
        ({ name, source, replica, primary }) => `${name} ${source} ${replica.url} ${primary.user}`,
      );
      const said = given.organizations.flatMap(({ source, destination }) =>
        given.replicas.map(({ name, url }) => `${name}/${destination} ${source} ${url} ${given.user}`),
      );
      // Names that are numbers come first in JavaScript, whatever the file says.
      expect(read.toSorted()).toEqual(said.toSorted());
      expect(pairs[0]?.primary.key).toEqual(
        given.home === 'aws' ? { secret: 'chef-sync/primary' } : { file: resolve(dirname(FILE), 'keys/primary.pem') },
      );
      expect(warnings.filter((warning) => !warning.includes('is not encrypted'))).toEqual([]);
    }),
  );
});

test.each([
  ['url', 'chef.example.com', 'must be the address of a Chef server, like https://chef.example.com'],
  ['url', 'https://chef.example.com/organizations/acme', 'must be the address of the server without an organization'],
  ['replica', 'primary', 'is what the primary is called; choose another name'],
  ['replica', 'e/u', 'is no name for a replica'],
  ['organization', 'Acme Inc', "must be an organization's short name"],
  ['user', 'ec sync', 'must be the name of a Chef user'],
] as const)('a %s %j will not do', (question, answer, problem) => {
  expect(starterAnswerProblem(question, answer)).toContain(problem);
});
