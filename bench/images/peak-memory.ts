import { goalFor, type Section } from '../goals.ts';
import { isRoot } from '../ground/account.ts';
import type { Ground } from '../ground/ground.ts';
import { processesOf } from '../ground/leftover.ts';
import { measureInTurns } from '../measure/interleaved.ts';
import { type Command, isRunning, pause, start } from '../measure/process.ts';
import { descendants, proportionalSize, residentSize } from '../measure/processes.ts';
import type { Candidate } from '../peers/candidate.ts';
import type { Result } from '../sections.ts';
import type { Beds } from './beds.ts';
import { ownPull, peerPull } from './pull.ts';

const STEP = 15;
const LONGEST = 60_000;
const OWN = 'sandbox image pull (PSS)';

type Size = (pid: number) => number;

/** What all processes of a pull have in memory at once, at the most. */
export function peakMemory(ground: Ground, beds: Beds, runs: number): Result {
  const sampled = (candidate: Candidate, size: Size): Candidate => ({ ...candidate, measure: peak(size) });
  const candidates = [
    sampled(ownPull(ground, beds, '1', OWN), proportionalSize),
    sampled(ownPull(ground, beds, '1', 'sandbox image pull (RSS)'), residentSize),
    sampled(ownPull(ground, beds, '1-zstd', 'sandbox image pull, zstd (PSS)'), proportionalSize),
    sampled(peerPull(ground, beds, '1', 'podman pull (PSS)'), proportionalSize),
  ];
  const section: Section = {
    title: 'Memory of all processes of a pull, at its peak',
    unit: 'MB',
    outcomes: measureInTurns(candidates, runs, 0),
    reference: OWN,
  };
  return { section, goals: [goalFor(section, OWN, [250, 150], 'peak memory')] };
}

/** Samples the sum over all processes until the command ends; gives the greatest, in megabytes. */
function peak(size: Size): (command: Command) => number {
  return (command) => {
    // Of the accounts, which are the benchmark's own, also those whose parent has ended.
    const ofAccount = (): number[] => (isRoot ? processesOf([command.account.uid]) : []);
    const before = new Set(ofAccount());
    const root = start(command);
    let most = 0;
    for (let waited = 0; isRunning(root); waited += STEP) {
      if (waited > LONGEST) process.kill(root, 'SIGKILL');
      const pids = new Set([...descendants(root), ...ofAccount().filter((pid) => !before.has(pid))]);
      let sum = 0;
      for (const pid of pids) sum += sizeOrNothing(size, pid);
      most = Math.max(most, sum);
      pause(STEP);
    }
    return (most * 1024) / 1e6;
  };
}

/** A process may end between the moment that it is found and the one that it is looked at. */
function sizeOrNothing(size: Size, pid: number): number {
  try {
    return size(pid);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EACCES') throw error;
    return 0;
  }
}
