import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { CANNOT_RUN_HERE, needs } from '../packages.ts';

const executable = join(import.meta.dirname, '..', '..', 'dist', process.arch === 'x64' ? 'sandbox' : 'sandbox-arm64');
const NAMESPACE = ['--user', '--map-root-user', '--mount'];

function cannotMount(): string | false {
  const { status } = spawnSync('unshare', [...NAMESPACE, 'true']);
  return needs('unshare') || (status === 0 ? false : `${CANNOT_RUN_HERE}user namespaces are refused`);
}

/**
 * Runs the self test in a mount namespace of its own, where `$HOME` lies in a fresh file system on /mnt and `noexec` is
 * what its name says. The executable stays reachable by an open descriptor. The last line says what is left in `$HOME`.
 */
function selfTestWhere(...noexec: readonly string[]): { status: number | null; output: string; left: string } {
  const script = [
    'exec 9< "$1"',
    'mount -t tmpfs tmpfs /mnt',
    'mkdir /mnt/home',
    ...noexec.map((directory) => `mount -t tmpfs -o noexec tmpfs ${directory}; mkdir -p ${directory}/home`),
    'status=0; HOME=/mnt/home XDG_RUNTIME_DIR= XDG_CACHE_HOME= /proc/self/fd/9 --self-test || status=$?',
    'echo "left:" $(find /mnt/home ! -type d; find /mnt/home -name "koffi-*")',
    'exit $status',
  ].join('\n');
  const words = [...NAMESPACE, 'sh', '-ec', script, 'sh', executable];
  const { status, stdout, stderr } = spawnSync('unshare', words, { encoding: 'utf8' });
  const [output = '', left = ''] = stdout.split('left:');
  return { status, output: output + stderr, left: left.trim() };
}

describe('koffi in the executable, where files may not be executed', { skip: cannotMount() }, () => {
  for (const noexec of [['/dev/shm'], ['/dev/shm', '/tmp']]) {
    it(`is loaded although ${noexec.join(' and ')} is mounted noexec`, () => {
      const { status, output, left } = selfTestWhere(...noexec);
      assert.match(output, /^koffi: works/);
      assert.deepEqual({ status, left }, { status: 0, left: '' });
    });
  }

  it('says what to do where no directory would do', () => {
    const { status, output, left } = selfTestWhere('/dev/shm', '/tmp', '/mnt');
    assert.match(output, /cannot load koffi's native library/);
    assert.match(output, /failed to map segment/);
    assert.deepEqual({ status, left }, { status: 125, left: '' });
  });
});

describe('koffi in the executable, where unnamed files are refused', { skip: needs('strace') }, () => {
  it('is loaded from a file in the cache directory, which is removed', () => {
    const home = mkdtempSync(join(tmpdir(), 'sandbox-koffi-'));
    const cache = join(home, '.cache', 'sandbox');
    const places = ['/dev/shm', '/tmp', cache].flatMap((place) => ['-P', place]);
    const inject = ['-e', 'trace=openat', '-e', 'inject=openat:error=EOPNOTSUPP'];
    const { stdout, stderr } = spawnSync('strace', ['-f', ...places, ...inject, executable, '--self-test'], {
      encoding: 'utf8',
      env: { PATH: '/usr/bin:/bin', HOME: home },
    });
    try {
      assert.match(stdout, /^koffi: works/);
      assert.equal(stderr.match(/O_TMPFILE.*EOPNOTSUPP/g)?.length, 3, stderr);
      assert.deepEqual(readdirSync(cache), []);
    } finally {
      rmSync(home, { recursive: true });
    }
  });
});
