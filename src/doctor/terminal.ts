import { atLeast, parseKernelVersion } from '../linux/kernel-version.ts';
import type { Finding } from './finding.ts';
import { type Probe, readNumber } from './probe.ts';

/** Whether a program may push characters into the terminal it shares with the shell outside: TIOCSTI, ioctl_tty(2). */
export function checkTerminal(probe: Probe): Finding[] {
  const common = { id: 'terminal', title: 'Terminal injection (TIOCSTI)' };
  const setting = readNumber(probe, '/proc/sys/dev/tty/legacy_tiocsti');
  if (setting === 0) return [{ ...common, state: 'ok', detail: 'refused by the kernel' }];
  const version = parseKernelVersion(probe.release);
  const settable = setting !== undefined || (version !== undefined && atLeast(version, 6, 2));
  return [
    {
      ...common,
      state: 'info',
      detail: 'the kernel allows it; the filter of every sandbox that shares your terminal refuses it',
      ...(settable ? { remedy: 'sudo sysctl dev.tty.legacy_tiocsti=0' } : {}),
    },
  ];
}
