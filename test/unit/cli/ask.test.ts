import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { createAsker } from '../../../lib/cli/ask.ts';
import { askFor } from '../../../lib/cli/init.ts';

const NOTHING_GIVEN = { replicas: [], organizations: [] };

/** Types these lines, and answers what came of it and what was shown. */
async function typed<T>(lines: string, work: (asker: ReturnType<typeof createAsker>) => Promise<T>) {
  const input = new PassThrough();
  const output = new PassThrough();
  const shown = text(output);
  const asker = createAsker(input, output);
  input.end(lines);
  const [result] = await Promise.allSettled([work(asker)]);
  asker.close();
  output.end();
  return { result, shown: await shown };
}

test('answers make a configuration, those that will not do are asked for again', async () => {
  const { result, shown } = await typed(
    'moon\n\nchef.example.com\nhttps://chef.example.com\n\neu\nhttps://eu.example.com\nus\nhttps://us.example.com\n\nacme\nacme-copy\n\n\n',
    (asker) => askFor(NOTHING_GIVEN, asker),
  );

  expect(result).toEqual({
    status: 'fulfilled',
    value: {
      home: 'local',
      primaryUrl: 'https://chef.example.com',
      replicas: [
        { name: 'eu', url: 'https://eu.example.com' },
        { name: 'us', url: 'https://us.example.com' },
      ],
      organizations: [{ source: 'acme', destination: 'acme-copy' }],
      user: 'ec_sync_user',
    },
  });
  expect(shown).toContain('must be local or aws\n');
  expect(shown).toContain('must be the address of a Chef server, like https://chef.example.com\n');
  expect(shown).toContain('must be answered\n');
});

test('what the options said is not asked for', async () => {
  const given = {
    home: 'aws',
    user: 'mirror',
    replicas: [{ name: 'eu', url: 'https://eu' }],
    organizations: [],
  } as const;

  const { result, shown } = await typed('https://a\nacme\n\n\n', (asker) => askFor(given, asker));

  expect(result).toMatchObject({ value: { ...given, organizations: [{ source: 'acme', destination: 'acme' }] } });
  expect(shown).not.toMatch(/local|replica,|user/);
});

test('who goes away before the last answer gets a sentence', async () => {
  const { result } = await typed('\nhttps://a\n', (asker) => askFor(NOTHING_GIVEN, asker));

  expect(result).toMatchObject({
    reason: { message: 'Nothing more was done, because not everything was answered.' },
  });
});
