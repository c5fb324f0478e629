import { existsSync, readFileSync, rmSync } from 'node:fs';
import type { Outcome } from '../peers/candidate.ts';
import { type Command, pause, refusal, start, wait } from './process.ts';
import { proportionalSize, treeOf } from './processes.ts';
import { median } from './statistics.ts';

/** A sandbox with nothing to do. */
export interface IdleSandbox {
  readonly name: string;
  readonly command: Command;
  /** Where the command ends at once and leaves a process behind: the file that says which. */
  readonly pidFile?: string;
}

const STEP = 20;
const LONGEST = 20_000;

function until<Value>(what: string, look: () => Value | undefined): Value {
  for (let waited = 0; waited < LONGEST; waited += STEP) {
    const found = look();
    if (found !== undefined) return found;
    pause(STEP);
  }
  throw new Error(`${what} did not happen within ${LONGEST / 1000} s`);
}

/** Starts it and gives the outermost process that remains. */
function begin({ command, pidFile }: IdleSandbox): number {
  if (pidFile === undefined) return start(command);
  rmSync(pidFile, { force: true });
  const reason = refusal(command);
  if (reason !== undefined) throw new Error(reason);
  return Number(readFileSync(pidFile, 'utf8'));
}

/** Waits until the command of the sandbox `root` runs, and gives its processes. */
export function whenIdle(root: number): ReturnType<typeof treeOf> {
  until('the start of the command', () => (treeOf(root).idle.length > 0 ? true : undefined));
  pause(100);
  return treeOf(root);
}

/** Ends the command, and waits for the end of all that was there for it. */
export function end(root: number, isChild: boolean): void {
  for (const pid of treeOf(root).idle) process.kill(pid, 'SIGKILL');
  if (isChild) wait(root);
  else until('the end of the sandbox', () => (existsSync(`/proc/${root}`) ? undefined : true));
}

/** Gives the memory of all processes of an idle sandbox but the command, in kilobytes. */
function supervisors(sandbox: IdleSandbox): number {
  const root = begin(sandbox);
  try {
    return whenIdle(root).supervisors.reduce((sum, pid) => sum + proportionalSize(pid), 0);
  } finally {
    end(root, sandbox.pidFile === undefined);
  }
}

/** Opens each sandbox `runs` times, in turns, one at a time. */
export function measureMemory(sandboxes: readonly IdleSandbox[], runs: number): ReadonlyMap<string, Outcome> {
  const sizes = new Map<string, number[]>(sandboxes.map(({ name }) => [name, []]));
  const failures = new Map<string, string>();
  for (let round = 0; round < runs; round++) {
    for (const sandbox of sandboxes) {
      if (failures.has(sandbox.name)) continue;
      try {
        sizes.get(sandbox.name)?.push(supervisors(sandbox));
      } catch (error) {
        failures.set(sandbox.name, error instanceof Error ? error.message : String(error));
      }
    }
  }
  return new Map(
    [...sizes].map(([name, values]): [string, Outcome] => {
      const reason = failures.get(name);
      if (reason !== undefined) return [name, { kind: 'unmeasured', reason }];
      const least = Math.min(...values);
      return [name, { kind: 'measured', median: median(values), least, runs: values.length }];
    }),
  );
}
