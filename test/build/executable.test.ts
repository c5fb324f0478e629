import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ARM64_ROOT, CANNOT_RUN_HERE, needs } from '../packages.ts';

const repository = join(import.meta.dirname, '..', '..');
const MAX_BYTES = 115e6;
const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string };
const onX64 = process.arch === 'x64' ? false : `${CANNOT_RUN_HERE}needs an x86_64 processor`;
const onArm64 =
  onX64 || needs('qemu-aarch64-static', `${ARM64_ROOT}/lib/libc.so.6`, `${ARM64_ROOT}/lib/libstdc++.so.6`);

interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(program: string, words: readonly string[], env: NodeJS.ProcessEnv = {}): Result {
  const { status, stdout, stderr } = spawnSync(program, words, {
    cwd: '/',
    encoding: 'utf8',
    env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent', ...env },
  });
  return { status, stdout, stderr };
}

describe('the executable for x86_64', { skip: onX64 }, () => {
  let directory: string;
  let executable: string;

  before(() => {
    execFileSync(process.execPath, ['build/main.ts', '--if-changed', 'x64'], { cwd: repository });
    directory = mkdtempSync(join(tmpdir(), 'sandbox-build-'));
    executable = join(directory, 'sandbox');
    copyFileSync(join(repository, 'dist', 'sandbox'), executable);
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  it('prints its version, alone in a directory', () => {
    assert.deepEqual(start(executable, ['--version']), { status: 0, stdout: `sandbox ${version}\n`, stderr: '' });
  });

  it(`is not larger than ${MAX_BYTES / 1e6} MB`, () => {
    const { size } = statSync(executable);
    assert.ok(size <= MAX_BYTES, `${size} bytes`);
  });

  it('loads koffi from memory and leaves nothing behind', () => {
    const runtime = join(directory, 'runtime');
    mkdirSync(runtime);
    const { status, stdout, stderr } = start(executable, ['--self-test'], { XDG_RUNTIME_DIR: runtime });
    assert.match(stdout, /^koffi: works on x64/);
    assert.deepEqual({ status, stderr, left: readdirSync(runtime) }, { status: 0, stderr: '', left: [] });
  });

  it('is not influenced or broken by NODE_OPTIONS', () => {
    for (const NODE_OPTIONS of ['--require /nonexistent.js', '--no-such-option', '--version', '--inspect=0']) {
      const result = start(executable, ['--self-test'], { NODE_OPTIONS });
      assert.match(result.stdout, /^koffi: works/, NODE_OPTIONS);
      assert.deepEqual({ status: result.status, stderr: result.stderr }, { status: 0, stderr: '' }, NODE_OPTIONS);
    }
  });

  it('is not broken by a mistake in the configuration of OpenSSL', () => {
    const OPENSSL_CONF = join(repository, 'LICENSE');
    assert.notEqual(start(process.execPath, ['-e', '0'], { OPENSSL_CONF }).status, 0, 'plain Node refuses to start');
    assert.equal(start(executable, ['--version'], { OPENSSL_CONF }).status, 0);
  });

  it("takes Node's own options for words of its command line", () => {
    const { status, stdout } = start(executable, ['--eval', 'console.log("evaluated")']);
    assert.notEqual(status, 0);
    assert.doesNotMatch(stdout, /evaluated/);
  });

  it('has the same bytes when the same sources are built again, elsewhere and with another home', () => {
    const copy = join(directory, 'copy');
    mkdirSync(copy);
    for (const name of ['package.json', 'package-lock.json', 'src', 'build']) {
      cpSync(join(repository, name), join(copy, name), { recursive: true });
    }
    symlinkSync(join(repository, 'node_modules'), join(copy, 'node_modules'));
    execFileSync(process.execPath, ['build/main.ts', 'x64'], {
      cwd: copy,
      env: { ...process.env, HOME: directory, LANG: 'C', TZ: 'Asia/Tokyo' },
    });
    assert.ok(readFileSync(join(copy, 'dist', 'sandbox')).equals(readFileSync(executable)));
    rmSync(copy, { recursive: true });
  });
});

describe('the executable for arm64', { skip: onArm64 }, () => {
  const executable = join(repository, 'dist', 'sandbox-arm64');
  const emulated = (words: readonly string[]) => start('qemu-aarch64-static', ['-L', ARM64_ROOT, executable, ...words]);

  before(() => {
    execFileSync(process.execPath, ['build/main.ts', '--if-changed', 'arm64'], { cwd: repository });
  });

  it('prints its version', () => {
    assert.deepEqual(emulated(['--version']), { status: 0, stdout: `sandbox ${version}\n`, stderr: '' });
  });

  it('loads koffi', () => {
    const { status, stdout, stderr } = emulated(['--self-test']);
    assert.match(stdout, /^koffi: works on arm64/);
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
  });

  it(`is not larger than ${MAX_BYTES / 1e6} MB`, () => {
    const { size } = statSync(executable);
    assert.ok(size <= MAX_BYTES, `${size} bytes`);
  });
});
