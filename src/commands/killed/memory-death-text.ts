import type { MemoryDeath } from '../../cgroup/statistics.ts';

const MIB = 2 ** 20;

/** Bytes as `--memory` takes them. */
function size(bytes: number): string {
  return bytes < 10 * MIB ? `${Math.round(bytes / 1024)}k` : `${Math.round(bytes / MIB)}m`;
}

/** Gives one line that says why the kernel killed a sandbox, with the numbers. */
export function memoryDeathText({ atLimit, killed, limit, peak, swapLimit }: MemoryDeath): string {
  const count = `${killed} ${killed === 1 ? 'process' : 'processes'} killed`;
  const used = peak === undefined ? '' : `, it used ${size(peak)}`;
  if (atLimit === 0 || limit === undefined) {
    return `out of memory: the whole machine has no memory left${used}; ${count}`;
  }
  const swap = swapLimit === undefined || swapLimit === 0 ? '' : ` and ${size(swapLimit)} of swap`;
  return `out of memory: the sandbox may use ${size(limit)}${swap} (--memory)${used}; ${count}`;
}
