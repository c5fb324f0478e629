import { atLeast, parseKernelVersion } from '../linux/kernel-version.ts';
import type { Finding } from './finding.ts';
import type { Probe } from './probe.ts';

/** Whether the kernel has what a sandbox is made of: overlays in user namespaces (5.11), mount_setattr(2) (5.12). */
export function checkKernel(probe: Probe): Finding[] {
  const common = { id: 'kernel', title: 'Kernel' };
  const version = parseKernelVersion(probe.release);
  if (version === undefined) {
    return [{ ...common, state: 'info', detail: `release ${JSON.stringify(probe.release)} has no version in it` }];
  }
  if (atLeast(version, 5, 12)) return [{ ...common, state: 'ok', detail: `Linux ${probe.release}` }];
  const wsl1 = probe.release.startsWith('4.4.') && /microsoft/i.test(probe.release);
  return [
    {
      ...common,
      state: 'error',
      detail: wsl1
        ? `Linux ${probe.release}: this is version 1 of the Windows Subsystem for Linux, which has no Linux kernel`
        : `Linux ${probe.release} is older than 5.12`,
      remedy: wsl1 ? 'in Windows: wsl --set-version DISTRIBUTION 2' : 'install a newer kernel and reboot',
    },
  ];
}
