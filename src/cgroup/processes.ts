import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Usage } from './statistics.ts';

/** A process of a sandbox. */
export interface SandboxProcess {
  /** As the host numbers it, and as the sandbox does. */
  readonly pid: number;
  readonly inside: number;
  readonly parent: number;
  /** The effective user, as the host numbers it. */
  readonly uid: number;
  /** `R`, `S`, `T` …; proc_pid_stat(5). */
  readonly state: string;
  /** Microseconds of processor time. */
  readonly cpuTime: number;
  /** Seconds since it was started. */
  readonly age: number;
  readonly threads: number;
  /** Bytes in memory, shared pages counted in full. */
  readonly memory: number;
  readonly ioRead: number;
  readonly ioWritten: number;
  /** Its arguments, or its name in brackets where it has none. */
  readonly command: readonly string[];
}

/** A clock tick of /proc, USER_HZ: the same on all architectures that we know. */
const TICK_US = 10_000;
const KIB = 1024;

/** Fields of /proc/PID/stat behind the name, which may hold anything but ends at the last parenthesis. */
export function statFields(text: string): string[] {
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Gives the value of a `NAME: VALUE` line; proc_pid_status(5), proc_pid_io(5). */
function field(text: string, name: string): string {
  return new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(text)?.[1] ?? '';
}

/** Gives the processes of the pid namespace whose init has this pid, and of those below it, in the order of their pids. */
export function processesOf(init: number): SandboxProcess[] {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
  const namespaceOf = (pid: number): string | undefined => {
    try {
      return readlinkSync(`/proc/${pid}/ns/pid`);
    } catch {
      return undefined;
    }
  };
  const own = namespaceOf(init);
  if (own === undefined) return [];
  const parents = new Map<number, number>();
  for (const pid of pids) {
    const parent = Number(statFields(read(`/proc/${pid}/stat`))[1]);
    if (parent > 0) parents.set(pid, parent);
  }
  const inside = new Set<number>();
  const isInside = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined && at > 1; at = parents.get(at)) {
      // Who joins has its parent outside, and one in a namespace of its own has an ancestor inside.
      if (at === init || inside.has(at) || namespaceOf(at) === own) return true;
    }
    return false;
  };
  for (const pid of pids) if (isInside(pid)) inside.add(pid);
  const uptime = Number(read('/proc/uptime').split(' ')[0]);
  return [...inside].flatMap((pid) => describeProcess(pid, uptime) ?? []);
}

function describeProcess(pid: number, uptime: number): SandboxProcess | undefined {
  const status = read(`/proc/${pid}/status`);
  const stat = statFields(read(`/proc/${pid}/stat`));
  if (status === '' || stat.length < 20) return undefined;
  const io = read(`/proc/${pid}/io`);
  const words = read(`/proc/${pid}/cmdline`).split('\0');
  if (words.at(-1) === '') words.pop();
  // The namespace of /proc comes first, the innermost last.
  const numbers = field(status, 'NSpid').split(/\s+/).map(Number);
  return {
    pid,
    inside: numbers[1] ?? pid,
    parent: Number(stat[1]),
    uid: Number(field(status, 'Uid').split(/\s+/)[1]),
    state: stat[0] ?? '?',
    cpuTime: (Number(stat[11]) + Number(stat[12])) * TICK_US,
    age: Math.max(0, uptime - Number(stat[19]) / 100),
    threads: Number(field(status, 'Threads')) || 1,
    memory: (Number.parseInt(field(status, 'VmRSS'), 10) || 0) * KIB,
    ioRead: Number(field(io, 'read_bytes')) || 0,
    ioWritten: Number(field(io, 'write_bytes')) || 0,
    command: words.length > 0 ? words : [`[${field(status, 'Name')}]`],
  };
}

/** What a sandbox without a control group uses: the sum over its processes. What has ended is not in it. */
export function processUsage(init: number): Usage {
  const processes = processesOf(init);
  const sum = (value: (each: SandboxProcess) => number): number =>
    processes.reduce((total, each) => total + value(each), 0);
  return {
    source: 'processes',
    cpuTime: sum(({ cpuTime }) => cpuTime),
    cpuLimit: undefined,
    memory: sum(({ memory }) => memory),
    memoryLimit: undefined,
    memoryPeak: undefined,
    swap: undefined,
    pids: sum(({ threads }) => threads),
    pidsLimit: undefined,
    ioRead: sum(({ ioRead }) => ioRead),
    ioWritten: sum(({ ioWritten }) => ioWritten),
    outOfMemoryKills: undefined,
    pressure: {},
  };
}
