import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import type { GroupLimits } from '../linux/group-limits.ts';
import { CgroupError, reasonOf } from './error.ts';
import { groupDirectory, type Hierarchy, hostHierarchy } from './hierarchy.ts';
import type { Controller } from './limit-files.ts';
import { MONITOR, OTHERS, OWN_PAYLOAD, PAYLOAD } from './names.ts';
import { explainMissing, NOT_DELEGATED, refusal } from './refusal.ts';
import { enterScope, managerAddresses } from './user-manager.ts';
import { controllersOf, splitLimits, writeLimits } from './write-limits.ts';

const USED: readonly Controller[] = ['cpu', 'io', 'memory', 'pids'];

/** A control group that is there, and what it cannot limit. */
export interface OpenedGroup {
  /** Absolute path of the payload's directory. */
  readonly path: string;
  /** What was asked for and is not limited, a sentence. */
  readonly missing: string | undefined;
}

/**
 * Makes the control group of a sandbox that is about to be opened by this process, which becomes its monitor or starts it,
 * and is moved for that. Throws a CgroupError: NO_GROUP, NO_CONTROLLER (where `enforcement` is 'required'), LIMIT.
 */
export async function openGroup(
  limits: GroupLimits & { readonly enforcement: 'required' | 'bestEffort' },
): Promise<OpenedGroup> {
  const hierarchy = hostHierarchy();
  if (hierarchy.kind !== 'unified') throw refusal(hierarchy.kind);
  const place = await findPlace(hierarchy);
  const controllers = controllersOf(place.directory);
  const { possible, impossible } = splitLimits(limits, controllers);
  const missing = impossible.length === 0 ? undefined : explainMissing(impossible);
  if (missing !== undefined && limits.enforcement === 'required') throw missing;
  try {
    place.prepare();
    const wanted = USED.filter((name) => controllers.includes(name));
    writeFileSync(`${place.directory}/cgroup.subtree_control`, wanted.map((name) => `+${name}`).join(' '));
    mkdirSync(place.payload, { recursive: true, mode: 0o755 });
  } catch (cause) {
    throw new CgroupError('NO_GROUP', `no control group can be made in ${place.directory}: ${reasonOf(cause)}`, {
      cause,
    });
  }
  try {
    if (controllers.includes('memory')) writeFileSync(`${place.payload}/memory.oom.group`, '1');
    writeLimits(place.payload, possible);
  } catch (error) {
    rmdirSync(place.payload);
    throw error;
  }
  return { path: place.payload, missing: missing?.message };
}

type Mounted = Extract<Hierarchy, { readonly mountPoint: string }>;

interface Place {
  /** The group that is divided. */
  readonly directory: string;
  readonly payload: string;
  /** Leaves no processes in it. */
  readonly prepare: () => void;
}

async function findPlace(hierarchy: Mounted): Promise<Place> {
  let failure: unknown;
  if (managerAddresses().length > 0) {
    try {
      return scopePlace(groupDirectory(hierarchy.mountPoint, await enterScope()));
    } catch (error) {
      failure = error;
    }
  }
  const own = ownPlace(hierarchy);
  if (own) return own;
  if (failure instanceof CgroupError) throw failure;
  throw new CgroupError('NO_GROUP', NOT_DELEGATED.message, { hint: NOT_DELEGATED.hint });
}

function scopePlace(directory: string): Place {
  return {
    directory,
    payload: `${directory}/${PAYLOAD}`,
    prepare: () => {
      mkdirSync(`${directory}/${MONITOR}`, { mode: 0o755 });
      writeFileSync(`${directory}/${MONITOR}/cgroup.procs`, String(process.pid));
    },
  };
}

/** The group that this process is in, if all of it was handed to this user: cgroups(7), "Cgroups delegation". */
function ownPlace({ mountPoint, own }: Mounted): Place | undefined {
  const ours = own.endsWith(`/${OTHERS}`) ? own.slice(0, -OTHERS.length - 1) || '/' : own;
  const directory = groupDirectory(mountPoint, ours);
  for (const name of ['', '/cgroup.procs', '/cgroup.subtree_control']) {
    try {
      accessSync(directory + name, constants.W_OK);
    } catch {
      return undefined;
    }
  }
  return {
    directory,
    payload: `${directory}/sandbox-${process.pid}`,
    prepare: () => {
      removeStale(directory);
      moveAside(directory);
    },
  };
}

/** Moves what is in a group into a leaf of it; what is forked meanwhile too. */
function moveAside(directory: string): void {
  const others = `${directory}/${OTHERS}`;
  mkdirSync(others, { recursive: true, mode: 0o755 });
  writeFileSync(`${others}/cgroup.procs`, String(process.pid));
  for (let attempt = 0; attempt < 100; attempt++) {
    const pids = readFileSync(`${directory}/cgroup.procs`, 'utf8').split('\n').filter(Boolean);
    if (pids.length === 0) return;
    for (const pid of pids) {
      try {
        writeFileSync(`${others}/cgroup.procs`, pid);
      } catch (error) {
        // It has ended.
        if (reasonOf(error) !== 'ESRCH') throw error;
      }
    }
  }
}

/** Groups of sandboxes whose monitor was killed: it removes its own otherwise. */
function removeStale(directory: string): void {
  for (const name of readdirSync(directory)) {
    const pid = OWN_PAYLOAD.exec(name)?.[1];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    try {
      rmdirSync(`${directory}/${name}`);
    } catch {
      // It is not empty: somebody who joined is still in it.
    }
  }
}
