/** What the hook of a shell makes of names and variables that others chose: it is evaluated, and runs before each prompt. */
import assert from 'node:assert/strict';
import { chownSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { ordinary } from '../e2e/support/inside.ts';
import { CANNOT_RUN_HERE } from '../packages.ts';
import { runAs, sandbox, testUser, workDirectory } from '../support/user.ts';

const has = (shell: string): boolean => existsSync(`/usr/bin/${shell}`) || existsSync(`/bin/${shell}`);
/** What each would do if it were taken for code, a pattern, an option, or a list of paths. */
const NAMES = [
  '$(touch ran)',
  '`touch ran`',
  '";touch ran;"',
  "';touch ran;'",
  "$'\\ntouch ran\\n'",
  'a\ntouch ran\n',
  '; touch ran #',
  ['$', '{x:-$(touch ran)}'].join(''),
  '%(touch ran)',
  '-n',
  '--',
  '*',
  '[a-z]',
  'with:colon',
  '~',
  '!!',
  '\\',
  ' lead and trail ',
  '\u001b[2J',
];

for (const shell of ['bash', 'zsh', 'fish']) {
  const skip = has(shell) ? ordinary.skip : `${CANNOT_RUN_HERE}needs ${shell}`;
  test(`${shell} runs nothing that a directory is called, trusted or not`, { skip }, async (t) => {
    const user = testUser();
    const base = workDirectory(t, user);
    const place = (path: string): void => {
      mkdirSync(path);
      chownSync(path, user.uid, user.gid);
    };
    const words = shell === 'bash' ? ['bash', '--norc', '-i'] : ['zsh', '-f', '-i'];
    const load = shell === 'fish' ? `${user.sandbox} hook fish | source` : `eval "$(${user.sandbox} hook ${shell})"`;
    for (const [at, name] of NAMES.entries()) {
      const outer = `${base}/${at}`;
      const cwd = `${outer}/${name}`;
      for (const path of [outer, cwd]) place(path);
      writeFileSync(`${cwd}/sandbox.toml`, 'image = "host"\nshims = ["true"]\n');
      chownSync(`${cwd}/sandbox.toml`, user.uid, user.gid);
      const typed = `cd "$PLACE"\ntrue\nprintf "%s\\n" "seen $PWD"\ncd /\ntrue\nexit 0\n`;
      const env = { PLACE: cwd, HOME: outer };
      // Without a terminal fish has no prompts: the hook sees the change of directory.
      const run = async () =>
        shell === 'fish'
          ? await runAs(user, ['fish', '--no-config', '-c', `${load}\n${typed}`], { cwd: '/', env })
          : await runAs(user, words, { cwd: '/', env, input: `${load}\n${typed}` });
      for (const state of ['untrusted', 'trusted']) {
        if (state === 'trusted') {
          const trusted = await sandbox(user, ['trust'], {
            cwd,
            env: { HOME: outer, XDG_DATA_HOME: `${user.home}/.local/share` },
          });
          assert.equal(trusted.status, 0, trusted.stderr);
        }
        const { stdout, stderr } = await run();
        assert.ok(stdout.includes(`seen ${cwd}`), `${JSON.stringify(name)}: ${stdout}${stderr}`);
        for (const path of [outer, cwd, '/'])
          assert.ok(!existsSync(`${path}/ran`), `${state}: ${JSON.stringify(name)}`);
        assert.doesNotMatch(stderr, /This is a bug/);
      }
    }
  });
}

test('directories of XDG variables that are relative are not where the caller stands', ordinary, async (t) => {
  const user = testUser();
  const cwd = workDirectory(t, user);
  const HOME = workDirectory(t, user);
  writeFileSync(`${cwd}/sandbox.toml`, 'image = "host"\nshims = ["sh"]\nvolumes = ["/etc:/x:ro"]\n');
  chownSync(`${cwd}/sandbox.toml`, user.uid, user.gid);
  // As a clone would have it: trust, and a configuration, that somebody else gave.
  const { status } = await sandbox(user, ['trust'], { cwd, env: { HOME, XDG_DATA_HOME: `${cwd}/data` } });
  assert.equal(status, 0);
  mkdirSync(`${cwd}/data/config/sandbox`, { recursive: true });
  writeFileSync(`${cwd}/data/config/sandbox/config.toml`, 'default-profile = "evil"\n[profiles.evil]\n');
  await runAs(user, ['rm', '-rf', `${HOME}/.local`]);
  const env = {
    HOME,
    XDG_DATA_HOME: 'data',
    XDG_CONFIG_HOME: 'data/config',
    XDG_CACHE_HOME: 'data',
    XDG_RUNTIME_DIR: 'data',
    XDG_STATE_HOME: 'data',
  };
  const refused = await sandbox(user, ['shell', '-c', 'true'], { cwd, env });
  assert.equal(refused.status, 125, refused.stdout);
  assert.match(refused.stderr, /is not trusted/);
  const typed = `eval "$(${user.sandbox} hook bash)"\ncd ${cwd}\necho "$PATH"\nexit\n`;
  const hooked = await runAs(user, ['bash', '--norc', '-i'], { cwd: '/', env, input: typed });
  assert.doesNotMatch(hooked.stdout, /projects/);
  const exported = await sandbox(user, ['export', 'sh', '--as', 'x'], { cwd, env });
  assert.equal(exported.status, 125, exported.stderr);
});
