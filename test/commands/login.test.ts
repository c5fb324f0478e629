import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { needs } from '../packages.ts';
import { type FaultRegistry, startFaultRegistry } from '../support/fault-registry/registry.ts';

const main = new URL('../../src/main.ts', import.meta.url).pathname;
const ANN = { username: 'ann', password: 's3cret pass:wörd' };
const AUTH = Buffer.from(`${ANN.username}:${ANN.password}`).toString('base64');

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Setting {
  readonly registry: FaultRegistry;
  readonly home: string;
  /** Where a login is kept. */
  readonly file: string;
  readonly kept: () => unknown;
  readonly run: (words: readonly string[], input?: string) => Promise<Outcome>;
}

async function setUp(t: TestContext, access: 'basic' | 'token' | 'none' = 'basic'): Promise<Setting> {
  const home = mkdtempSync(join(tmpdir(), 'login-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const registry = await startFaultRegistry(t, access === 'none' ? {} : { access: { kind: access, ...ANN } });
  registry.serve('app:1', { layers: [] });
  const file = join(home, 'run/containers/auth.json');
  return {
    registry,
    home,
    file,
    kept: () => JSON.parse(readFileSync(file, 'utf8')),
    run: async (words, input = '') => {
      const env = { PATH: `${home}/bin:/usr/bin:/bin`, HOME: home, XDG_RUNTIME_DIR: join(home, 'run') };
      const child = spawn(process.execPath, [main, ...words], { env });
      const output = { stdout: '', stderr: '' };
      for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (text) => (output[name] += text));
      child.stdin.on('error', () => {});
      child.stdin.end(input);
      const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
      return { status, ...output };
    },
  };
}

describe('sandbox login', () => {
  for (const access of ['basic', 'token'] as const) {
    it(`keeps what the registry accepts, for its owner only (${access})`, async (t) => {
      const { registry, run, file, kept } = await setUp(t, access);
      const words = ['login', registry.host, '--username', 'ann', '--password-stdin'];
      assert.deepEqual(await run(words, `${ANN.password}\n`), {
        status: 0,
        stdout: `logged in to ${registry.host} as ann (${file})\n`,
        stderr: '',
      });
      assert.deepEqual(kept(), { auths: { [registry.host]: { auth: AUTH } } });
      assert.equal(statSync(file).mode & 0o777, 0o600);
      assert.equal(statSync(join(file, '..')).mode & 0o777, 0o700);
    });
  }

  it('keeps nothing that the registry refuses', async (t) => {
    const { registry, run, file } = await setUp(t);
    const { status, stderr } = await run(['login', registry.host, '-u', 'ann', '--password-stdin'], 'wrong');
    assert.equal(status, 125);
    assert.match(stderr, /^sandbox: .* does not accept the username and password \(401\): authentication required\n/);
    assert.doesNotMatch(stderr, /wrong/);
    assert.equal(existsSync(file), false);
  });

  it('leaves everything else in the file as it is, and replaces the older login', async (t) => {
    const { registry, home, run, file, kept } = await setUp(t);
    mkdirSync(join(home, 'run/containers'), { recursive: true });
    mkdirSync(join(home, 'real'));
    const before = {
      auths: { 'quay.io': { auth: 'x' }, [`https://${registry.host}/v1/`]: { auth: 'old' } },
      other: [1],
    };
    writeFileSync(join(home, 'real/auth.json'), JSON.stringify(before));
    symlinkSync(join(home, 'real/auth.json'), file);
    await run(['login', registry.host, '-u', 'ann', '--password-stdin'], ANN.password);
    const auths = { 'quay.io': { auth: 'x' }, [`https://${registry.host}/v1/`]: { auth: AUTH } };
    assert.deepEqual(JSON.parse(readFileSync(join(home, 'real/auth.json'), 'utf8')), { auths, other: [1] });
    assert.deepEqual(kept(), { auths, other: [1] });
  });

  it('keeps it for a part of a registry, and in another file', async (t) => {
    const { registry, home, run } = await setUp(t);
    const file = join(home, 'own.json');
    const words = ['login', `${registry.host}/team`, '-u', 'ann', '--password-stdin', '--authfile', file];
    assert.equal((await run(words, ANN.password)).status, 0);
    assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), { auths: { [`${registry.host}/team`]: { auth: AUTH } } });
  });

  it('gives it to the program that the file names', async (t) => {
    const { registry, home, run, file, kept } = await setUp(t);
    mkdirSync(join(home, 'bin'));
    mkdirSync(join(home, 'run/containers'), { recursive: true });
    const helper = '#!/bin/sh\n{ echo "$1"; cat; echo; } >> "$(dirname "$0")/calls"\n';
    writeFileSync(join(home, 'bin/docker-credential-test'), helper, { mode: 0o755 });
    const before = { credHelpers: { [registry.host]: 'test' } };
    writeFileSync(file, JSON.stringify(before));
    const { stdout } = await run(['login', registry.host, '-u', 'ann', '--password-stdin'], ANN.password);
    assert.match(stdout, /\(docker-credential-test\)\n$/);
    assert.deepEqual(kept(), before);
    await run(['logout', registry.host]);
    const given = JSON.stringify({ ServerURL: registry.host, Username: 'ann', Secret: ANN.password });
    assert.equal(readFileSync(join(home, 'bin/calls'), 'utf8'), `store\n${given}\nerase\n${registry.host}\n\n`);
  });

  it('says that nothing was checked where the registry asks for nothing', async (t) => {
    const { registry, run } = await setUp(t, 'none');
    const { status, stderr } = await run(['login', registry.host, '-u', 'ann', '--password-stdin'], 'x');
    assert.equal(status, 0);
    assert.match(stderr, /asks for no login, so nothing was checked/);
  });

  it('asks nobody where there is no terminal, and takes no password as an argument', async (t) => {
    const { registry, run } = await setUp(t);
    const cases = [
      [['login', registry.host], /no terminal .*\n.*--password-stdin/],
      [['login', registry.host, '--password-stdin'], /there is no user name/],
      [['login', registry.host, '-u', 'a:b', '--password-stdin'], /a user name, which has no colon/],
      [['login', registry.host, '-u', 'ann', '-p', 'x'], /unknown option "-p"/],
      [['login', 'quay', '-u', 'ann', '--password-stdin'], /"quay" is no registry/],
      [['login', 'quay/a.b', '-u', 'ann', '--password-stdin'], /is no registry/],
    ] as const;
    for (const [words, message] of cases) {
      const { status, stderr } = await run(words, 'x');
      assert.equal(status, 125);
      assert.match(stderr, message);
    }
    assert.match(
      (await run(['login', registry.host, '-u', 'ann', '--password-stdin'], '\n')).stderr,
      /password is empty/,
    );
    assert.equal(registry.requests.length, 0);
  });

  it('asks on a terminal, and does not show the password', { skip: needs('tmux') }, async (t) => {
    const { registry, home, kept } = await setUp(t);
    const script = `${process.execPath} ${main} login ${registry.host}; echo "status $?"; sleep 60`;
    const environment = `env -i PATH=/usr/bin:/bin HOME=${home} XDG_RUNTIME_DIR=${home}/run TERM=screen LANG=C.UTF-8`;
    const tmux = async (...words: readonly string[]): Promise<string> => {
      const child = spawn('tmux', ['-u', '-S', join(home, 'tmux'), '-f', '/dev/null', ...words], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let output = '';
      child.stdout.on('data', (text) => (output += text));
      await new Promise((resolve) => child.once('close', resolve));
      return output;
    };
    const until = async (pattern: RegExp): Promise<string> => {
      for (let tries = 0; tries < 200; tries++) {
        const screen = await tmux('capture-pane', '-p', '-t', 'login');
        if (pattern.test(screen)) return screen;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return assert.fail(`never shown: ${pattern}\n${await tmux('capture-pane', '-p', '-t', 'login')}`);
    };
    await tmux('new-session', '-d', '-s', 'login', '-x', '120', '-y', '20', `${environment} sh -c '${script}'`);
    await until(/User name for /);
    // A slip that is erased.
    await tmux('send-keys', '-t', 'login', '-l', 'anx');
    await tmux('send-keys', '-t', 'login', 'BSpace');
    await tmux('send-keys', '-t', 'login', '-l', 'n');
    await until(/: ann$/m);
    await tmux('send-keys', '-t', 'login', 'Enter');
    await until(/Password:/);
    await tmux('send-keys', '-t', 'login', '-l', `xx`);
    await tmux('send-keys', '-t', 'login', 'C-u');
    await tmux('send-keys', '-t', 'login', '-l', ANN.password);
    await tmux('send-keys', '-t', 'login', 'Enter');
    const screen = await until(/status \d+/);
    assert.match(screen, /logged in to .* as ann/);
    assert.match(screen, /status 0/);
    assert.doesNotMatch(screen, /s3cret|xx/);
    assert.deepEqual(kept(), { auths: { [registry.host]: { auth: AUTH } } });
    await tmux('kill-server');
  });
});

describe('sandbox logout', () => {
  it('forgets the login, and tells where else there are some', async (t) => {
    const { registry, home, run, kept } = await setUp(t);
    await run(['login', registry.host, '-u', 'ann', '--password-stdin'], ANN.password);
    mkdirSync(join(home, '.docker'));
    const docker = JSON.stringify({ auths: { [registry.host]: { auth: AUTH } } });
    writeFileSync(join(home, '.docker/config.json'), docker);
    assert.deepEqual(await run(['logout', registry.host]), {
      status: 0,
      stdout: `logged out of ${registry.host}\n`,
      stderr: `sandbox: there still are credentials for ${registry.host} in ${home}/.docker/config.json\n`,
    });
    assert.deepEqual(kept(), { auths: {} });
    assert.equal(readFileSync(join(home, '.docker/config.json'), 'utf8'), docker);
    assert.equal((await run(['logout', registry.host])).status, 1);
  });

  it('forgets all of them', async (t) => {
    const { registry, home, run, kept } = await setUp(t);
    mkdirSync(join(home, 'run/containers'), { recursive: true });
    writeFileSync(join(home, 'run/containers/auth.json'), '{"auths":{"a.io":{},"b.io/x":{}},"credsStore":"y"}');
    assert.deepEqual(await run(['logout', '--all']), { status: 0, stdout: 'a.io\nb.io/x\n', stderr: '' });
    assert.deepEqual(kept(), { auths: {}, credsStore: 'y' });
    assert.match((await run(['logout', '--all', registry.host])).stderr, /expected no registry besides it/);
  });

  it('does not wait for a program that is not there', async (t) => {
    const { registry, home, run } = await setUp(t);
    mkdirSync(join(home, 'run/containers'), { recursive: true });
    writeFileSync(join(home, 'run/containers/auth.json'), '{"credsStore":"gone"}');
    const started = performance.now();
    const { status, stderr } = await run(['logout', registry.host]);
    assert.equal(status, 125);
    assert.match(stderr, /docker-credential-gone, which keeps the credentials, is not installed/);
    assert.ok(performance.now() - started < 60_000);
  });

  it('says that there is none', async (t) => {
    const { run } = await setUp(t);
    const { status, stderr } = await run(['logout']);
    assert.equal(status, 125);
    assert.match(stderr, /there is no login to docker\.io/);
  });
});
