import type { DeviceRate, GroupLimits } from '../linux/group-limits.ts';

/** A controller of cgroup v2 that limits come from. */
export type Controller = 'cpu' | 'io' | 'memory' | 'pids';

/** One thing to be written. */
export interface LimitFile {
  readonly controller: Controller;
  readonly file: string;
  readonly content: string;
  /** As the option that asked for it, for messages. */
  readonly option: string;
  /** A kernel without the file is no error: nobody asked for it by name. */
  readonly optional?: boolean;
}

/** Microseconds of cpu.max's period: the kernel's default. */
const PERIOD = 100_000;

/**
 * Takes limits, and what gives the number of a device (`8:0`), and gives what is to be written into the group's files:
 * Documentation/admin-guide/cgroup-v2.rst. Memory and swap are counted together as podman does: without `memorySwap` there is
 * as much swap as memory.
 */
export function limitFiles(limits: GroupLimits, deviceNumber: (rate: DeviceRate) => string): LimitFile[] {
  const { memory, memorySwap, cpus, cpuWeight, pids, ioWeight, deviceRates = [] } = limits;
  const files: LimitFile[] = [];
  if (memory !== undefined) {
    files.push({ controller: 'memory', file: 'memory.max', content: String(memory), option: '--memory' });
  }
  const swap = swapOf(memory, memorySwap);
  if (swap !== undefined) {
    files.push({
      controller: 'memory',
      file: 'memory.swap.max',
      content: swap,
      option: '--memory-swap',
      ...(memorySwap === undefined ? { optional: true } : {}),
    });
  }
  if (cpus !== undefined) {
    const quota = Math.max(1000, Math.round(cpus * PERIOD));
    files.push({ controller: 'cpu', file: 'cpu.max', content: `${quota} ${PERIOD}`, option: '--cpus' });
  }
  if (cpuWeight !== undefined) {
    files.push({ controller: 'cpu', file: 'cpu.weight', content: String(cpuWeight), option: '--cpu-weight' });
  }
  if (pids !== undefined) {
    files.push({
      controller: 'pids',
      file: 'pids.max',
      content: pids === -1 ? 'max' : String(pids),
      option: '--pids-limit',
    });
  }
  if (ioWeight !== undefined) {
    files.push({ controller: 'io', file: 'io.weight', content: `default ${ioWeight}`, option: '--io-weight' });
  }
  for (const rate of deviceRates) {
    files.push({
      controller: 'io',
      file: 'io.max',
      content: `${deviceNumber(rate)} ${rate.kind}=${rate.rate}`,
      option: RATE_OPTION[rate.kind],
    });
  }
  return files;
}

const RATE_OPTION: Readonly<Record<DeviceRate['kind'], string>> = {
  rbps: '--device-read-bps',
  wbps: '--device-write-bps',
  riops: '--device-read-iops',
  wiops: '--device-write-iops',
};

function swapOf(memory: number | undefined, memorySwap: number | undefined): string | undefined {
  if (memorySwap === -1) return 'max';
  if (memory === undefined) return undefined;
  return String(memorySwap === undefined ? memory : Math.max(0, memorySwap - memory));
}
