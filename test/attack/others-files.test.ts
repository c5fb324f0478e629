/** Files of the host that are the account's own or that it may read: its home, other homes, the store, other sandboxes. */
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { TestContext } from 'node:test';
import { sandbox, testUser, workDirectory } from '../support/user.ts';
import { attacker, giveTo } from './attack.ts';
import { attackMatrix, type Row } from './matrix.ts';

const SECRET = 'a secret of the host';
const BOX = `other-${process.pid}`;

/** Where each is put below the home. */
const AT_HOME = {
  'a key of ssh': '.ssh/id_attacked',
  'the history of the shell': '.attacked_history',
  'keys of gpg': '.gnupg/private-keys-v1.d/attacked.key',
  'a login to a registry': '.config/containers/attacked-auth.json',
  'credentials of a cloud': '.aws/attacked-credentials',
  'a token of a package registry': '.attacked-npmrc',
  'cookies of a browser': '.mozilla/attacked/cookies.sqlite',
  'another project': 'attacked-project/.env',
  'a mailbox': 'Mail/attacked',
  'settings of this program': '.config/sandbox/attacked.toml',
} as const;

const ELSEWHERE = {
  'a file in /tmp': `/tmp/attacked-${process.pid}`,
  'a file in /var/tmp': `/var/tmp/attacked-${process.pid}`,
  'a file in /dev/shm': `/dev/shm/attacked-${process.pid}`,
} as const;

const slug = (name: string): string => name.replaceAll(/\W/g, '_');
const reads = (name: string): Row => ({ attack: `first_line('{{${slug(name)}}}')`, control: 'outside' });

/** The first file below a directory whose name matches. The work directory of an overlay is nobody's to look into. */
function find(directory: string, name: RegExp): string | undefined {
  for (const entry of readdirSync(directory, { encoding: 'utf8', withFileTypes: true })) {
    const path = `${directory}/${entry.name}`;
    if (!entry.isDirectory() && name.test(path)) return path;
    const found = entry.isDirectory() && entry.name !== 'work' ? find(path, name) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function put(t: TestContext, path: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${SECRET}\n`);
  t.after(() => rmSync(path, { force: true }));
  return path;
}

attackMatrix(
  'files that were not handed over cannot be read',
  Object.fromEntries([
    ...[...Object.keys(AT_HOME), ...Object.keys(ELSEWHERE)].map((name) => [name, reads(name)] as const),
    ['what another sandbox has changed', reads('upper')],
    ['what another sandbox was asked for', reads('spec')],
    [
      'the store, by its listing',
      {
        attack: `opendir my $d, '{{store}}' or return undef; my @names = grep { !/^\\./ } readdir $d; $names[0]`,
        control: 'outside',
      } as Row,
    ],
    [
      'the store, by putting a launcher there',
      {
        attack: `opened('{{store}}/launchers/attack', O_WRONLY | O_CREAT) or return undef; unlink '{{store}}/launchers/attack'`,
        control: 'outside',
      } as Row,
    ],
    ['the home of somebody else', reads('neighbour')],
    [
      'the program that started it',
      { attack: `opened('{{program}}', O_RDONLY) ? 1 : undef`, control: 'outside' } as Row,
    ],
  ]),
  {
    setUp: async (t) => {
      const user = attacker();
      const values: Record<string, string> = { program: user.sandbox, store: `${user.home}/.local/share/sandbox` };
      for (const [name, path] of Object.entries(AT_HOME)) {
        values[slug(name)] = put(t, `${user.home}/${path}`);
        giveTo(user, `${user.home}/${path.split('/')[0]}`);
      }
      for (const [name, path] of Object.entries(ELSEWHERE)) {
        values[slug(name)] = put(t, path);
        giveTo(user, path);
      }
      const words = ['shell', '--workspace', 'none', '--name', BOX, '--', 'sh', '-c'];
      await sandbox(user, [...words, `echo ${SECRET} > /var/tmp/attacked-inside`], { timeout: 60_000 });
      t.after(async () => await sandbox(user, ['rm', '--force', BOX]));
      const box = `${values.store}/sandboxes/${BOX}`;
      values.upper = find(box, /attacked-inside$/) ?? box;
      values.spec = `${box}/spec.json`;
      const neighbour = process.getuid?.() === 0 ? testUser('bare') : user;
      const there = workDirectory(t, neighbour);
      values.neighbour = put(t, `${there}/attacked`);
      chmodSync(values.neighbour, 0o644);
      if (!existsSync(values.spec)) throw new Error(`${values.spec} is not there`);
      return { values };
    },
  },
);
