import type { Finding } from './finding.ts';
import type { Probe } from './probe.ts';

function device(probe: Probe, path: string): 'missing' | 'refused' | 'usable' {
  if (!probe.exists(path)) return 'missing';
  return probe.writable(path) ? 'usable' : 'refused';
}

/** FUSE, for the fuse-overlayfs program where native overlays are refused. */
export function checkFuse(probe: Probe): Finding[] {
  const common = { id: 'fuse', title: 'FUSE' };
  const state = device(probe, '/dev/fuse');
  if (state === 'missing') {
    return [
      {
        ...common,
        state: 'info',
        detail: '/dev/fuse is missing; only needed without native overlays',
        remedy: 'sudo modprobe fuse',
      },
    ];
  }
  if (state === 'refused') {
    return [
      {
        ...common,
        state: 'info',
        detail: '/dev/fuse may not be opened; only needed without native overlays',
        remedy: 'sudo chmod 0666 /dev/fuse',
      },
    ];
  }
  const program = probe.findProgram('fuse-overlayfs');
  return [
    {
      ...common,
      state: 'ok',
      detail: program === undefined ? '/dev/fuse; no fuse-overlayfs' : `/dev/fuse and ${program}`,
    },
  ];
}

/** TUN, for a network of the sandbox's own. */
export function checkTun(probe: Probe): Finding[] {
  const common = { id: 'tun', title: 'Network device' };
  const state = device(probe, '/dev/net/tun');
  if (state === 'usable') return [{ ...common, state: 'ok', detail: '/dev/net/tun' }];
  const what = state === 'missing' ? 'is missing' : 'may not be opened';
  return [
    {
      ...common,
      state: 'info',
      detail: `/dev/net/tun ${what}: a sandbox has the network of the host or none`,
      remedy: state === 'missing' ? 'sudo modprobe tun' : 'sudo chmod 0666 /dev/net/tun',
    },
  ];
}
