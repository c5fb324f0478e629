import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { VERSION } from '../../src/version.ts';

const main = new URL('../../src/main.ts', import.meta.url).pathname;
const env = { PATH: '/usr/bin:/bin', HOME: '/nonexistent' };

const sandbox = (...args: readonly string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { env, encoding: 'utf8' });
  return { status, stdout, stderr };
};

describe('sandbox', () => {
  it('prints its version, which is that of package.json', () => {
    const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    assert(typeof manifest === 'object' && manifest !== null && 'version' in manifest);
    assert.equal(manifest.version, VERSION);
    assert.deepEqual(sandbox('--version'), { status: 0, stdout: `sandbox ${VERSION}\n`, stderr: '' });
  });

  it('explains itself, and each command', () => {
    const overview = sandbox('help');
    assert.equal(overview.status, 0);
    assert.match(overview.stdout, /^ {2}run +Run a command/m);
    assert.deepEqual(sandbox('--help'), overview);
    assert.deepEqual(sandbox(), { ...overview, status: 125 });
    assert.match(sandbox('run', '--help').stdout, /^Run a command/);
    assert.deepEqual(sandbox('help', 'run'), sandbox('run', '-h'));
    assert.match(sandbox('image', '--help').stdout, /^ {2}image ls +List/m);
    assert.deepEqual(sandbox('help', 'image'), sandbox('image', '--help'));
    assert.deepEqual(sandbox('image'), { ...sandbox('image', '--help'), status: 125 });
    assert.deepEqual(sandbox('help', 'image', 'rm'), sandbox('rmi', '--help'));
  });

  it('tells usage errors on standard error, with 125 and what to do', () => {
    const cases: ReadonlyArray<readonly [args: readonly string[], message: string]> = [
      [['rnu'], 'no command "rnu"\n  hint: did you mean `sandbox run`?\n'],
      [['--nonsense'], 'no option "--nonsense"\n  hint: `sandbox help` lists the commands\n'],
      [['run'], 'no command given\n  hint: write it after --\n  hint: see `sandbox run --help`\n'],
      [['run', 'debian', '--pull', 'never', 'ls'], 'there is no image docker.io/library/debian:latest here'],
      [['run', 'Debian', 'ls'], '"Debian" is no image reference: names of images are in lower case'],
      [['run', 'debian', '--pull=often'], '--pull: expected missing or always or never or newer, got "often"'],
      [['run', '--entrypoint', '[1]', 'debian'], '--entrypoint: expected a program, or a JSON array of strings'],
      [['run', 'debian', '--', ''], 'expected a command, got ""'],
      [['run', 'host', '--rootfs', '/srv', 'ls'], 'host and --rootfs: only one of them'],
      [
        ['run', '--rootfs', '/nonexistent/x', 'ls'],
        '--rootfs: "/nonexistent/x" cannot be used: realpath "/nonexistent/x": No such file',
      ],
      [
        ['run', '-v', '/nonexistent/x:/y', '--', 'ls'],
        '--volume: "/nonexistent/x" cannot be used: realpath "/nonexistent/x": No such',
      ],
      [['shell', '--name', 'a/b'], "--name: expected a sandbox's name"],
      [['shell', '--rm', '--name', 'web'], '--rm and --name: a sandbox with a name is kept'],
      [['image', 'lss'], 'no command "image lss"\n  hint: did you mean `sandbox image ls`?\n'],
      [['image', 'rm'], 'no image given'],
      [['help', 'image', 'nothing'], 'no command "image nothing"\n  hint: see `sandbox image --help`\n'],
      [['help', 'run', 'x'], 'unexpected argument "x"'],
      [['shell', 'web', 'ls'], 'unexpected argument "ls"'],
      [['rm'], 'no name given'],
      [['completion', 'bsh'], 'expected bash or zsh or fish, got "bsh"\n  hint: did you mean bash?\n'],
      [['help', 'rnu'], 'no command "rnu"\n  hint: did you mean run?\n'],
    ];
    for (const [args, message] of cases) {
      const { status, stdout, stderr } = sandbox(...args);
      assert.equal(status, 125, args.join(' '));
      assert.equal(stdout, '');
      assert(stderr.startsWith(`sandbox: ${message}`), stderr);
    }
  });

  it('quotes bytes that are not UTF-8 as they came', () => {
    const script = `exec "$0" "$1" run "$(printf '\\377')" ls`;
    const { status, stderr } = spawnSync('/bin/sh', ['-c', script, process.execPath, main], { env, encoding: 'utf8' });
    assert.equal(status, 125);
    assert.match(stderr, /^sandbox: "[^"]*" is no image reference/);
  });

  it('ends quietly where nobody reads its output any more', () => {
    const script = '{ "$0" "$1" help; echo $? >&2; } | exec true';
    const { stderr } = spawnSync('/bin/sh', ['-c', `sleep 0.01; ${script}`, process.execPath, main], {
      env,
      encoding: 'utf8',
    });
    // The reader ends without reading while Node starts, which takes longer.
    assert.equal(stderr, '141\n');
  });

  it('colours its errors only where that is asked for', () => {
    const coloured = spawnSync(process.execPath, [main, 'rnu'], {
      env: { ...env, FORCE_COLOR: '1' },
      encoding: 'utf8',
    });
    assert(coloured.stderr.startsWith('\x1b[31msandbox:\x1b[39m no command'));
  });
});
