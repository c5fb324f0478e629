import { readdirSync, readFileSync } from 'node:fs';

/** The command whose supervisors are looked at. */
export const IDLE = 'sleep';

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // the process has ended
  }
}

function nameOf(pid: number): string {
  return read(`/proc/${pid}/comm`).trim();
}

/** The fourth field of /proc/PID/stat, counted after the name in parentheses, which may contain any character. */
function parentOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

/** Gives a process and all that descend from it. */
export function descendants(root: number): number[] {
  const all = readdirSync('/proc').map(Number).filter(Number.isInteger);
  const parents = new Map(all.map((pid) => [pid, parentOf(pid)]));
  const tree = new Set([root]);
  for (let grown = true; grown; ) {
    const children = all.filter((pid) => !tree.has(pid) && tree.has(parents.get(pid) ?? -1));
    for (const child of children) tree.add(child);
    grown = children.length > 0;
  }
  return [...tree];
}

/** Gives a process and all that descend from it: those that run IDLE, and those that are only there for it. */
export function treeOf(root: number): { readonly idle: readonly number[]; readonly supervisors: readonly number[] } {
  const pids = descendants(root);
  return {
    idle: pids.filter((pid) => nameOf(pid) === IDLE),
    supervisors: pids.filter((pid) => nameOf(pid) !== IDLE),
  };
}

/** Proportional set size of a process in kilobytes (proc_pid_smaps(5)): what it shares counts by its part. */
export function proportionalSize(pid: number): number {
  const found = /^Pss: +(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
  if (found === undefined) throw new Error(`/proc/${pid}/smaps_rollup has no Pss`);
  return Number(found);
}

/** Resident set size of a process in kilobytes (proc_pid_status(5)): what it shares counts whole. */
export function residentSize(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (found === undefined) throw new Error(`/proc/${pid}/status has no VmRSS`);
  return Number(found);
}
