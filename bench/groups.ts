import type { Ground } from './ground/ground.ts';
import { type Beds, prepareBeds } from './images/beds.ts';
import { diskOfSandboxes } from './images/disk.ts';
import { workInside } from './images/inside.ts';
import { peakMemory } from './images/peak-memory.ts';
import { pull } from './images/pull.ts';
import { runImage } from './images/run.ts';
import { unpack } from './images/unpack.ts';
import { Podman } from './peers/podman.ts';
import * as project from './project/sections.ts';
import type { Measured, Part } from './report/measured.ts';
import { phasesTable, sectionTable } from './report/tables.ts';
import { seccompFilters } from './seccomp/seccomp.ts';
import * as sections from './sections.ts';
import { traceStartUp } from './start-up.ts';

/** Sections that are measured on the same ground, and reported together. */
interface Group {
  /** Each measures something, by the name that the command line has for it. */
  readonly sections: Readonly<Record<string, (runs: number) => Measured>>;
  readonly leave?: () => Promise<void>;
}

/** Tracing has its own number of runs: each is slow, and the phases hardly vary. */
const MOST_TRACED = 20;
/** What takes seconds is run less often. */
const SLOW_RUNS = 7;

const NAMES = {
  core: ['launcher', 'strict', 'host', 'debian', 'join', 'memory', 'start-up', 'seccomp', 'size'],
  images: ['pull', 'unpack', 'peak-memory', 'image-run'],
  work: ['inside', 'disk'],
  project: ['shim', 'built', 'cold'],
} as const;

export type GroupName = keyof typeof NAMES;

/** The names of the sections of each group that `words` ask for: groups or sections, nothing for all. */
export function chosen(words: readonly string[]): Map<GroupName, readonly string[]> {
  const groups = (['core', 'images', 'work', 'project'] as const).map(
    (group) => [group, NAMES[group] as readonly string[]] as const,
  );
  const known = groups.flatMap(([group, names]) => [group, ...names]);
  const unknown = words.find((word) => !known.includes(word));
  if (unknown !== undefined) throw new Error(`there is no section ${unknown}, only: ${known.join(' ')}`);
  const of = (group: GroupName, names: readonly string[]): readonly string[] =>
    words.length === 0 || words.includes(group) ? names : names.filter((name) => words.includes(name));
  return new Map(
    groups.map(([group, names]) => [group, of(group, names)] as const).filter(([, names]) => names.length > 0),
  );
}

/** Whether all of a group is measured: only then its results can be published. */
export function isWhole(group: GroupName, names: readonly string[]): boolean {
  return names.length === NAMES[group].length;
}

/** Prepares what a group's sections need beside the ground. */
export async function openGroup(name: GroupName, ground: Ground): Promise<Group> {
  if (name === 'core') return core(ground);
  const beds = await prepareBeds(ground);
  if (name === 'project') return projects(ground, beds);
  return name === 'images' ? images(ground, beds) : work(ground, beds);
}

function reported({ section, goals }: sections.Result): Measured {
  return { parts: [{ title: section.title, table: sectionTable(section) }], goals };
}

function core(ground: Ground): Group {
  const podman = Podman.prepare(ground);
  return {
    sections: {
      launcher: (runs) => reported(sections.launcherFile(ground, runs)),
      strict: (runs) => reported(sections.strictProfile(ground, runs)),
      host: (runs) => reported(sections.runOnHost(ground, runs)),
      debian: (runs) => reported(sections.runOnDebian(ground, podman, runs)),
      join: (runs) => reported(sections.join(ground, podman, runs)),
      memory: (runs) => reported(sections.memory(ground, podman, runs)),
      'start-up': (runs) => ({ parts: [startUp(ground, Math.min(runs, MOST_TRACED))], goals: [] }),
      seccomp: (runs) => {
        const all = seccompFilters(ground, runs).map(reported);
        return { parts: all.flatMap(({ parts }) => parts), goals: all.flatMap(({ goals }) => goals) };
      },
      size: () => ({ parts: [], goals: [sections.sizeOfExecutable(ground)] }),
    },
  };
}

function startUp(ground: Ground, runs: number): Part {
  const title = 'Start-up of `sandbox run -- true` (host), traced';
  const traced = traceStartUp(ground, runs);
  if (typeof traced === 'string') return { title, table: [], note: `Not measured: ${traced}` };
  const note = `Opened in Node, in this order: ${traced.files.map((path) => `\`${path}\``).join(', ')}.`;
  return { title, table: phasesTable(traced), note };
}

function images(ground: Ground, beds: Beds): Group {
  const slow = (runs: number): number => Math.min(runs, SLOW_RUNS);
  return {
    sections: {
      pull: (runs) => reported(pull(ground, beds, slow(runs))),
      unpack: (runs) => reported(unpack(ground, beds, slow(runs))),
      'peak-memory': (runs) => reported(peakMemory(ground, beds, slow(runs))),
      'image-run': (runs) => reported(runImage(ground, beds, runs)),
    },
    leave: beds.stop,
  };
}

/** An environment per project. */
function projects(ground: Ground, beds: Beds): Group {
  return {
    sections: {
      shim: (runs) => reported(project.shim(ground, beds, runs)),
      built: (runs) => reported(project.built(ground, beds, runs)),
      cold: (runs) => reported(project.cold(ground, beds, Math.min(runs, SLOW_RUNS))),
    },
    leave: beds.stop,
  };
}

/** What a sandbox of an image costs while one works in it, and on the disk. */
function work(ground: Ground, beds: Beds): Group {
  return {
    sections: {
      inside: (runs) => {
        const all = workInside(ground, beds, runs).map(reported);
        return { parts: all.flatMap(({ parts }) => parts), goals: all.flatMap(({ goals }) => goals) };
      },
      disk: () => diskOfSandboxes(ground, beds),
    },
    leave: beds.stop,
  };
}
