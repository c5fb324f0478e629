import assert from 'node:assert/strict';
import { chownSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { describe, type TestContext, test } from 'node:test';
import { needs } from '../../packages.ts';
import { Terminal } from '../../support/terminal.ts';
import { runAs, sandbox, type TestUser, testUser, workDirectory } from '../../support/user.ts';

const SHELLS = {
  bash: { start: ['--norc', '-i'], hook: (sandbox: string) => `eval "$(${sandbox} hook bash)"`, quiet: "PS1=''" },
  zsh: {
    start: ['-f', '-i'],
    hook: (sandbox: string) => `eval "$(${sandbox} hook zsh)"`,
    quiet: "PS1=''; unsetopt zle",
  },
  fish: { start: ['--no-config', '-i'], hook: (sandbox: string) => `${sandbox} hook fish | source`, quiet: 'true' },
} as const;
type Shell = keyof typeof SHELLS;

const TOML = 'image = "host"\nshims = ["true"]\n';

function project(user: TestUser, directory: string, name: string): string {
  const path = `${directory}/${name}`;
  for (const each of [path, `${path}/sub`, `${path}/sub/deep`]) {
    mkdirSync(each, { recursive: true });
    chownSync(each, user.uid, user.gid);
  }
  writeFileSync(`${path}/sandbox.toml`, TOML);
  chownSync(`${path}/sandbox.toml`, user.uid, user.gid);
  return path;
}

const quote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
const fishQuote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

const SEE: Record<Shell, string> = {
  bash: 'see() { echo "<$1>$(type -P true)"; }',
  zsh: 'see() { echo "<$1>$(whence -p true)"; }',
  fish: 'function see; echo "<$argv[1]>"(command -s true); end',
};

/** Feeds an interactive shell with lines: each is read when the prompt before it, and with it the hook, is done. */
async function fed(t: TestContext, user: TestUser, shell: Shell, cwd: string, lines: readonly string[]) {
  const { start, quiet } = SHELLS[shell];
  const env = { TERM: 'dumb' };
  if (shell !== 'fish') {
    const input = [quiet, ...lines, 'exit', ''].join('\n');
    return await runAs(user, [shell, ...start], { cwd, input, env });
  }
  // It has prompts on a terminal only.
  const terminal = await Terminal.open(t, user, [shell, ...start], { cwd, env, columns: 400 });
  for (const [index, line] of lines.entries()) {
    terminal.type(`${line}\r`);
    terminal.type(`math ${index} + 7000\r`);
    await terminal.see(new RegExp(`${7000 + index}[^0-9]`));
  }
  terminal.type('exit\r');
  await terminal.end();
  return { status: 0, stdout: terminal.shown, stderr: terminal.shown };
}

/** Types lines into a shell with the hook; gives what each `see LABEL` printed: the path of `true`. */
async function typed(
  t: TestContext,
  user: TestUser,
  shell: Shell,
  cwd: string,
  lines: readonly string[],
  before: readonly string[] = [],
) {
  const all = [...before, SEE[shell], SHELLS[shell].hook(user.sandbox), ...lines];
  const { stdout, stderr } = await fed(t, user, shell, cwd, all);
  const found = stdout.matchAll(/<(\w+)>(\/[^\s|]*)/g);
  const seen = new Map([...found].map(([, label = '', path = '']) => [label, path]));
  return { seen, stdout, stderr };
}

async function made(
  t: TestContext,
  name = "pro ject's $x",
): Promise<{ user: TestUser; directory: string; path: string }> {
  const user = testUser();
  const directory = workDirectory(t, user);
  const path = project(user, directory, name);
  const { status, stderr } = await sandbox(user, ['shim', '-q'], { cwd: path });
  assert.equal(status, 0, stderr);
  return { user, directory, path };
}

for (const shell of ['bash', 'zsh', 'fish'] as const) {
  const q = shell === 'fish' ? fishQuote : quote;
  describe(`the hook of ${shell}`, { skip: needs(shell) }, () => {
    test('puts a trusted project’s shims on PATH in it, and takes them off outside', async (t) => {
      const { user, directory, path } = await made(t);
      assert.equal((await sandbox(user, ['trust'], { cwd: path })).status, 0);
      const other = project(user, directory, 'other');
      const nested = project(user, path, 'nested');
      for (const each of [other, nested]) {
        assert.equal((await sandbox(user, ['shim', '-q'], { cwd: each })).status, 0);
        assert.equal((await sandbox(user, ['trust'], { cwd: each })).status, 0);
      }
      const { seen, stderr } = await typed(t, user, shell, directory, [
        'see outside',
        `cd ${q(path)}`,
        'see inside',
        'cd sub/deep',
        'see deep',
        `cd ${q(nested)}`,
        'see nested',
        `cd ${q(other)}`,
        'see other',
        'cd /',
        'see root',
      ]);
      const at = (label: string) => seen.get(label) ?? `nothing: ${stderr}`;
      assert.equal(at('outside'), '/usr/bin/true');
      assert.match(at('inside'), /\/projects\/[0-9a-f]+\/bin\/true$/);
      assert.equal(at('deep'), at('inside'));
      assert.equal(new Set(['inside', 'nested', 'other'].map(at)).size, 3, 'each has its own');
      assert.match(at('nested'), /\/projects\//);
      assert.equal(at('root'), '/usr/bin/true');
    });

    test('changes nothing without trust, says so once, and sees trust given, taken back and files changed', async (t) => {
      const { user, path } = await made(t, 'shy');
      const own = user.sandbox;
      const { seen, stderr } = await typed(t, user, shell, path, [
        'see before',
        'cd sub',
        'cd ..',
        `${own} trust >/dev/null`,
        'see trusted',
        'sleep 0.2; echo "# other" >> sandbox.toml',
        'see edited',
        `${own} trust >/dev/null`,
        'see again',
        `${own} trust --revoke 2>/dev/null`,
        'see revoked',
      ]);
      const at = (label: string) => seen.get(label) ?? `nothing: ${stderr}`;
      assert.equal(at('before'), '/usr/bin/true');
      assert.match(at('trusted'), /\/projects\/[0-9a-f]+\/bin\/true$/);
      assert.equal(at('edited'), '/usr/bin/true');
      assert.equal(at('again'), at('trusted'));
      assert.equal(at('revoked'), '/usr/bin/true');
      // Once for each content of the files: the first, and the edited one.
      assert.equal(stderr.split('on PATH: sandbox trust').length - 1, 2, stderr);
    });

    test('starts no process while nothing changes', async (t) => {
      const { user, path } = await made(t, 'quiet');
      await sandbox(user, ['trust'], { cwd: path });
      const count = `${path}/count`;
      writeFileSync(`${path}/fake`, `#!/bin/sh\necho x >> ${quote(count)}\nexec ${user.sandbox} "$@"\n`, {
        mode: 0o755,
      });
      chownSync(path, user.uid, user.gid);
      const code = (await sandbox(user, ['hook', shell])).stdout.replaceAll(user.sandbox, `${path}/fake`);
      writeFileSync(`${path}/hook.code`, code);
      const load = shell === 'fish' ? `source ${q(`${path}/hook.code`)}` : `. ${q(`${path}/hook.code`)}`;
      const old = new Date(Date.now() - 10_000);
      utimesSync(`${path}/sandbox.toml`, old, old);
      const lines = [load, 'true', 'cd sub', 'cd deep', 'true', 'cd ../..', 'true'];
      await fed(t, user, shell, path, lines);
      assert.equal(readFileSync(count, 'utf8'), 'x\n');
    });
  });
}

describe('the hook of bash', () => {
  test('lives with set -eu, an array of prompt commands, empty parts of PATH, and keeps the status', async (t) => {
    const { user, path } = await made(t, 'strict');
    await sandbox(user, ['trust'], { cwd: path });
    const before = ['PATH=:/usr/bin:/bin:', 'PROMPT_COMMAND=(": one" ": two")', 'set -u'];
    const { seen, stdout, stderr } = await typed(
      t,
      user,
      'bash',
      '/',
      [
        `cd ${quote(path)}`,
        'see inside',
        'false',
        'echo "status=$?"',
        'cd /',
        'echo "path=$PATH"',
        `echo "commands=\${#PROMPT_COMMAND[@]}"`,
        'set -e',
        `cd ${quote(path)}`,
        '! true',
        'see alive',
      ],
      before,
    );
    assert.match(seen.get('inside') ?? stderr, /\/projects\//);
    assert.match(stdout, /status=1/);
    assert.match(stdout, /path=:\/usr\/bin:\/bin:$/m);
    assert.match(stdout, /commands=3/);
    assert.match(seen.get('alive') ?? stderr, /\/projects\//);
  });

  test('is in the prompt once, however often it is loaded', async (t) => {
    const user = testUser();
    const directory = workDirectory(t, user);
    const again = SHELLS.bash.hook(user.sandbox);
    const { stdout } = await typed(t, user, 'bash', directory, [again, again, 'echo "prompt=$PROMPT_COMMAND"']);
    assert.match(stdout, /prompt=__sandbox_hook$/m);
  });
});

test('no shell is given, or one that is unknown', async () => {
  const user = testUser();
  for (const words of [['hook'], ['hook', 'tcsh']]) {
    const { status, stderr } = await sandbox(user, words);
    assert.equal(status, 125);
    assert.match(stderr, /bash, zsh, fish|expected/);
  }
});
