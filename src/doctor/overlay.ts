import { kernelRefusal } from '../host/overlay-probe.ts';
import type { Finding } from './finding.ts';
import type { Probe } from './probe.ts';

/** How copy-on-write is made, and why not natively: sandbox/driver.ts. */
export async function checkOverlay(probe: Probe): Promise<Finding[]> {
  const common = { id: 'overlay', title: 'Copy-on-write' };
  const tooOld = kernelRefusal(probe.release);
  if (tooOld !== undefined) return [{ ...common, state: 'error', detail: tooOld, remedy: 'install a newer kernel' }];
  const found = await probe.probeOverlay?.();
  if (found?.kind === 'native')
    return [{ ...common, state: 'ok', detail: 'native overlayfs; mounted one in the store' }];
  const loaded = /\boverlay$/m.test(probe.read('/proc/filesystems') ?? '');
  if (found === undefined) {
    const detail = loaded ? 'native overlayfs (not tried)' : 'the kernel has not loaded overlayfs yet (not tried)';
    return [{ ...common, state: 'info', detail }];
  }
  const remedy = loaded
    ? 'put the store on a local file system (ext4, xfs, btrfs): set XDG_DATA_HOME'
    : 'sudo modprobe overlay\necho overlay | sudo tee /etc/modules-load.d/overlay.conf';
  if (found.kind === 'none') return [{ ...common, state: 'error', detail: found.reason, remedy }];
  const way = found.kind === 'fuse' ? `${found.program} is used` : 'root file systems are copied';
  const detail = `${found.reason}: ${way}; the host's own system cannot be shown`;
  return [{ ...common, state: 'warning', detail, remedy }];
}
