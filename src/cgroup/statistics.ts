import { readFileSync } from 'node:fs';
import { cpuLimit, flatKeyed, limitValue, type Pressure, pressure, transferred } from './group-files.ts';

/** What a sandbox uses. Undefined: the kernel does not tell, or there is no limit. */
export interface Usage {
  /** Where it comes from: the control group, or the processes of the sandbox, which have no pressure and no limits. */
  readonly source: 'controlGroup' | 'processes';
  /** Microseconds of processor time since the start. */
  readonly cpuTime: number | undefined;
  /** Processors. */
  readonly cpuLimit: number | undefined;
  /** Bytes. */
  readonly memory: number | undefined;
  readonly memoryLimit: number | undefined;
  readonly memoryPeak: number | undefined;
  readonly swap: number | undefined;
  /** Processes and threads. */
  readonly pids: number | undefined;
  readonly pidsLimit: number | undefined;
  /** Bytes from and to devices. */
  readonly ioRead: number | undefined;
  readonly ioWritten: number | undefined;
  /** Processes that the kernel ended for want of memory. */
  readonly outOfMemoryKills: number | undefined;
  readonly pressure: {
    readonly cpu?: Pressure | undefined;
    readonly memory?: Pressure | undefined;
    readonly io?: Pressure | undefined;
  };
}

/** Gives what a control group uses; its files that are missing are left out. `directory`: of the payload. */
export function groupUsage(directory: string): Usage {
  const read = (name: string): string | undefined => {
    try {
      return readFileSync(`${directory}/${name}`, 'utf8');
    } catch {
      // A controller that is not delegated, or an older kernel.
      return undefined;
    }
  };
  const io = read('io.stat');
  const moved = io === undefined ? undefined : transferred(io);
  const pressureOf = (resource: string): Pressure | undefined => pressure(read(`${resource}.pressure`) ?? '');
  return {
    source: 'controlGroup',
    cpuTime: flatKeyed(read('cpu.stat') ?? '').get('usage_usec'),
    cpuLimit: cpuLimit(read('cpu.max')),
    memory: limitValue(read('memory.current')),
    memoryLimit: limitValue(read('memory.max')),
    memoryPeak: limitValue(read('memory.peak')),
    swap: limitValue(read('memory.swap.current')),
    pids: limitValue(read('pids.current')),
    pidsLimit: limitValue(read('pids.max')),
    ioRead: moved?.read,
    ioWritten: moved?.written,
    outOfMemoryKills: flatKeyed(read('memory.events') ?? '').get('oom_kill'),
    pressure: { cpu: pressureOf('cpu'), memory: pressureOf('memory'), io: pressureOf('io') },
  };
}

/** Why a sandbox was killed, as far as its control group knows. Bytes. */
export interface MemoryDeath {
  /** Times that an allocation failed at the limit; 0: the whole machine was out of memory. */
  readonly atLimit: number;
  /** Processes. */
  readonly killed: number;
  readonly limit: number | undefined;
  readonly peak: number | undefined;
  readonly swapLimit: number | undefined;
}

/** Gives how the kernel ended a group for want of memory; undefined where it did not. */
export function memoryDeath(directory: string): MemoryDeath | undefined {
  const read = (name: string): string => {
    try {
      return readFileSync(`${directory}/${name}`, 'utf8');
    } catch {
      return '';
    }
  };
  const events = flatKeyed(read('memory.events'));
  const killed = events.get('oom_kill') ?? 0;
  if (killed === 0) return undefined;
  return {
    atLimit: events.get('oom') ?? 0,
    killed,
    limit: limitValue(read('memory.max')),
    peak: limitValue(read('memory.peak')),
    swapLimit: limitValue(read('memory.swap.max')),
  };
}
