import type { Finding } from './finding.ts';
import { type Probe, readNumber } from './probe.ts';

const FEW_MB = 256;

/** How much memory can be had: proc_meminfo(5). */
export function checkMemory(probe: Probe): Finding[] {
  const common = { id: 'memory', title: 'Memory' };
  const field = /^MemAvailable:\s+(\d+) kB$/m.exec(probe.read('/proc/meminfo') ?? '')?.[1];
  if (field === undefined)
    return [{ ...common, state: 'info', detail: 'the kernel does not tell how much is available' }];
  const available = Math.floor(Number(field) / 1024);
  const detail = `${available} MB available`;
  if (available < FEW_MB)
    return [{ ...common, state: 'warning', detail, remedy: 'end what is not needed, or add swap' }];
  if (readNumber(probe, '/proc/sys/vm/overcommit_memory') === 2) {
    return [{ ...common, state: 'info', detail: `${detail}; vm.overcommit_memory = 2 may refuse large programs` }];
  }
  return [{ ...common, state: 'ok', detail }];
}
