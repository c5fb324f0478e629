import type { Finding } from './finding.ts';
import { mountOf, type Probe, readNumber } from './probe.ts';

/** Whether the launcher can be started: from memory (memfd_create(2)), or else from a file in the runtime directory. */
export function checkRuntimeDirectory(probe: Probe): Finding[] {
  const common = { id: 'runtime-directory', title: 'Runtime directory' };
  const refused = readNumber(probe, '/proc/sys/vm/memfd_noexec') === 2;
  const directory = probe.env('XDG_RUNTIME_DIR');
  const usable =
    directory?.startsWith('/') && probe.exists(directory) && probe.writable(directory) ? directory : undefined;
  const noexec = usable !== undefined && (mountOf(probe, usable)?.options.includes('noexec') ?? false);
  if (!refused) {
    const place = usable === undefined ? 'no XDG_RUNTIME_DIR' : `${usable}${noexec ? ' (noexec)' : ''}`;
    return [{ ...common, state: 'ok', detail: `${place}; programs can be started from memory` }];
  }
  if (usable !== undefined && !noexec) {
    return [
      { ...common, state: 'ok', detail: `${usable}; programs cannot be started from memory (vm.memfd_noexec = 2)` },
    ];
  }
  return [
    {
      ...common,
      state: 'warning',
      detail: `programs cannot be started from memory (vm.memfd_noexec = 2)${noexec ? ` nor from ${usable} (noexec)` : ''}: the launcher is started from the store`,
      remedy: 'sudo sysctl vm.memfd_noexec=1',
    },
  ];
}
