import { statSync } from 'node:fs';
import { differenceGoal, type Goal, goal, goalFor, ratioGoal, type Section } from './goals.ts';
import type { Account } from './ground/account.ts';
import type { Ground } from './ground/ground.ts';
import { measureInTurns } from './measure/interleaved.ts';
import { end, type IdleSandbox, measureMemory, whenIdle } from './measure/memory.ts';
import { start } from './measure/process.ts';
import { leastBubblewrap, typicalBubblewrap } from './peers/bubblewrap.ts';
import type { Candidate } from './peers/candidate.ts';
import { crun } from './peers/crun.ts';
import { firejail, forkAndExec, node, unshare } from './peers/others.ts';
import { Podman } from './peers/podman.ts';
import * as ours from './peers/sandbox.ts';

/** What takes a few milliseconds is run more often. */
const OFTEN = 5;
/** Starting a sandbox and waiting takes longer than the number, which hardly varies, is worth. */
const MEMORY_RUNS = 20;

export interface Result {
  readonly section: Section;
  readonly goals: readonly Goal[];
}

/** Without Node: what a compiled launcher costs. */
export function launcherFile(ground: Ground, runs: number): Result {
  const own = ours.launcher(ground, ground.bare);
  const [typical, least] = [typicalBubblewrap(ground), leastBubblewrap(ground)];
  const shown = [forkAndExec(ground), unshare(ground), own, least, typical];
  const more = ground.full === ground.bare ? [] : [ours.launcher(ground, ground.full)];
  const section: Section = {
    title: 'A launcher in a file, on a Debian root directory',
    unit: 'ms',
    outcomes: measureInTurns([...shown, ...more], runs * OFTEN),
    reference: typical.name,
  };
  const limits = [0.8, 0.6] as const;
  // The goal is for an account without subordinate ids: with them newuidmap takes as long as all the rest.
  // The least that bubblewrap can do is shown too; the goal is what does the same: /proc, /dev and a /tmp of its own.
  const goals = [ratioGoal(section, own.name, typical.name, limits)];
  return {
    section,
    goals: goals.map((each) => (ground.bare.subordinate ? { ...each, verdict: 'not for this account' } : each)),
  };
}

/** What profile strict adds to the start of a command: Landlock, a filter of hundreds of calls, more that is hidden. */
export function strictProfile(ground: Ground, runs: number): Result {
  const [dev, strict] = [ours.launcher(ground, ground.bare), ours.launcher(ground, ground.bare, 'strict')];
  const section: Section = {
    title: 'A launcher in a file, by profile',
    unit: 'ms',
    outcomes: measureInTurns([dev, strict], runs * OFTEN),
    reference: dev.name,
  };
  return { section, goals: [differenceGoal(section, strict.name, dev.name, [0.4, 0.2])] };
}

/** What Node costs, and what is ours of it. */
export function runOnHost(ground: Ground, runs: number): Result {
  const [own, peer] = [ours.runOnHost(ground, ground.bare), node(ground)];
  const more = ground.full === ground.bare ? [] : [ours.runOnHost(ground, ground.full)];
  const section: Section = {
    title: 'The executable, on the system of this machine',
    unit: 'ms',
    outcomes: measureInTurns([peer, ours.version(ground), own, ...more, ours.runAnother(ground)], runs),
    reference: peer.name,
  };
  return { section, goals: [ratioGoal(section, own.name, peer.name, [2.0, 1.5])] };
}

/** Beside those that start containers, in the account that podman runs in. */
export function runOnDebian(ground: Ground, podman: Podman | string, runs: number): Result {
  const own = ours.runOnDebian(ground, ground.full);
  const podmans = typeof podman === 'string' ? Podman.absent(podman) : podman.runs();
  const more = ground.full === ground.bare ? [] : [ours.runOnDebian(ground, ground.bare)];
  const section: Section = {
    title: 'A command on a Debian root file system',
    unit: 'ms',
    outcomes: measureInTurns([own, ...more, crun(ground), firejail(ground), ...podmans], runs),
    reference: podmans[0]?.name ?? '',
  };
  return { section, goals: podmans.map(({ name }) => ratioGoal(section, own.name, name, [0.4, 0.3])) };
}

/** One more command in a sandbox that is open. */
export function join(ground: Ground, podman: Podman | string, runs: number): Result {
  const accounts = ground.full === ground.bare ? [ground.full] : [ground.full, ground.bare];
  const open = accounts.map((account) => openOne(ground, account));
  // What is not open would be opened by the first that wants to join.
  const own = accounts.map((account, at): Candidate => {
    const candidate = ours.joinSandbox(ground, account);
    const opened = open[at];
    return typeof opened === 'number' ? candidate : { name: candidate.name, command: undefined, reason: opened ?? '' };
  });
  const peer = typeof podman === 'string' ? Podman.absentExec(podman) : podman.join();
  try {
    const section: Section = {
      title: 'One more command in a sandbox that is open',
      unit: 'ms',
      outcomes: measureInTurns([...own, peer], runs),
      reference: peer.name,
    };
    return { section, goals: [ratioGoal(section, own[0]?.name ?? '', peer.name, [0.4, 0.3])] };
  } finally {
    for (const pid of open) if (typeof pid === 'number') end(pid, true);
    if (typeof podman !== 'string') podman.close();
  }
}

/** Gives the monitor's process id, or why the sandbox did not open. */
function openOne(ground: Ground, account: Account): number | string {
  const command = ours.openSandbox(ground, account);
  if (command === undefined) return 'no root file system';
  const pid = start(command);
  try {
    whenIdle(pid);
    return pid;
  } catch (error) {
    end(pid, true);
    return error instanceof Error ? error.message : String(error);
  }
}

/** What stays in memory for as long as a sandbox is open. */
export function memory(ground: Ground, podman: Podman | string, runs: number): Result {
  const own = 'sandbox: monitor and init';
  const kept = ours.idleSandbox(ground, ground.bare);
  const idle: IdleSandbox[] = kept === undefined ? [] : [{ name: own, command: kept }];
  for (const { name, command } of [typicalBubblewrap(ground, ['sleep', '3600']), crun(ground, ['sleep', '3600'])]) {
    if (command !== undefined) idle.push({ name, command });
  }
  if (typeof podman !== 'string') {
    const pidFile = `${ground.full.home}/conmon.pid`;
    idle.push({ name: 'podman run --detach: conmon', command: podman.idle(pidFile), pidFile });
  }
  const section: Section = {
    title: 'Memory of the processes beside an idle command (PSS)',
    unit: 'kB',
    outcomes: measureMemory(idle, Math.min(runs, MEMORY_RUNS)),
    reference: own,
  };
  return { section, goals: kept === undefined ? [] : [goalFor(section, own, [64, 32])] };
}

/** Megabytes of 1,000,000 bytes. */
export function sizeOfExecutable(ground: Ground): Goal {
  return goal('size of the executable', statSync(ground.sandbox).size / 1e6, 'MB', [115, 115]);
}
