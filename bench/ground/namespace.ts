import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Tells the second start of the benchmark that it is in its own mount namespace. */
const INSIDE = '--inside';

export function isSecondStart(word: string): boolean {
  return word === INSIDE;
}

/**
 * As root, runs the benchmark again in a mount namespace of its own and gives its exit status; gives undefined where
 * this is that second start. With the namespace all mounts of the run go, however it ends. In it, / is shared, as
 * podman wants it and a desktop has it, while nothing reaches the mounts of the machine.
 */
export function runInMountNamespace(words: readonly string[]): number | undefined {
  if (words.some(isSecondStart)) {
    unmountHybridCgroup();
    return undefined;
  }
  const again = [process.execPath, ...process.execArgv, process.argv[1] ?? '', ...words, INSIDE];
  const script = 'mount --make-rshared / && exec "$@"';
  const { status } = spawnSync('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', ...again], {
    stdio: 'inherit',
  });
  return status ?? 1;
}

/**
 * crun 1.8 refuses machines whose cgroup2 mount beside version 1 has a controller ("hybrid mode"); it can do without.
 */
function unmountHybridCgroup(): void {
  const hybrid = '/sys/fs/cgroup/unified';
  if (readFileSync('/proc/self/mounts', 'utf8').includes(` ${hybrid} cgroup2 `)) spawnSync('umount', [hybrid]);
}
