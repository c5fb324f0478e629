import type { Finding } from './finding.ts';
import type { Probe } from './probe.ts';

function kindOfContainer(probe: Probe): string | undefined {
  const named = probe.read('/run/systemd/container')?.trim() || probe.env('container');
  if (named) return named;
  if (probe.exists('/run/.containerenv')) return 'podman';
  if (probe.exists('/.dockerenv')) return 'docker';
  return undefined;
}

/** An empty directory made for it: the kernel does not mind what is mounted there (mnt_already_visible). */
const HARMLESS = new Set(['/proc/sys/fs/binfmt_misc', '/proc/fs/nfsd']);

/**
 * Whether this is a container, and whether its /proc has covered places: the kernel refuses a new /proc in a user
 * namespace then, because it would uncover them (mount_too_revealing() in fs/namespace.c).
 */
export function checkContainer(probe: Probe): Finding[] {
  const kind = kindOfContainer(probe);
  const covered = probe.mounts
    .map((mount) => mount.mountPoint)
    .filter((path) => path.startsWith('/proc/') && !HARMLESS.has(path));
  const common = { id: 'container', title: 'Surrounding container' };
  if (covered.length > 0) {
    return [
      {
        ...common,
        state: 'error',
        detail: `parts of /proc are covered (${covered.slice(0, 3).join(', ')}${covered.length > 3 ? ', …' : ''}): the kernel refuses a new /proc inside`,
        remedy: 'docker run --security-opt systempaths=unconfined …\npodman run --security-opt unmask=ALL …',
      },
    ];
  }
  if (kind === undefined) return [{ ...common, state: 'ok', detail: 'none' }];
  return [{ ...common, state: 'info', detail: `this is inside of a container (${kind})` }];
}
