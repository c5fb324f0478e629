import { accessSync, constants, readFileSync, realpathSync, statfsSync, statSync } from 'node:fs';
import { release } from 'node:os';
import { findProgram } from '../host/ids.ts';
import { surveyHost } from '../host/survey.ts';
import { decodeBytes } from '../linux/bytes.ts';
import { readMountInfo } from '../linux/mountinfo.ts';
import { fsPath } from '../linux/paths.ts';
import type { Probe, Space } from './probe.ts';

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function exists(path: string): boolean {
  return attempt(() => statSync(fsPath(path))) !== undefined;
}

function nearest(path: string): string {
  let place = path;
  while (place !== '/' && !exists(place)) place = place.slice(0, place.lastIndexOf('/')) || '/';
  return attempt(() => realpathSync(place)) ?? place;
}

function space(path: string): Space | undefined {
  const found = attempt(() => statfsSync(fsPath(path)));
  if (found === undefined) return undefined;
  return { freeBytes: found.bavail * found.bsize, freeInodes: found.files === 0 ? undefined : found.ffree };
}

/**
 * Gives a probe of this host. `tries`: what needs the launcher, which is the caller's. Throws a LinuxError where /proc is
 * not mounted.
 */
export function hostProbe(tries: Pick<Probe, 'tryUserNamespace' | 'probeOverlay'> = {}): Probe {
  const facts = surveyHost();
  return {
    uid: facts.uid,
    gid: facts.gid,
    userName: facts.userName,
    home: facts.home,
    store: facts.store,
    release: release(),
    executable: attempt(() => realpathSync(process.execPath)) ?? process.execPath,
    mounts: readMountInfo(),
    env: (name) => process.env[name],
    read: (path) => attempt(() => decodeBytes(readFileSync(fsPath(path)))),
    exists,
    writable: (path) => attempt(() => accessSync(fsPath(path), constants.W_OK) === undefined) ?? false,
    nearest,
    space,
    landlockVersion: async () => (await import('../linux/koffi-syscalls.ts')).hostSyscalls().landlockVersion(),
    findProgram: (name) => findProgram(name, process.env.PATH ?? ''),
    ...tries,
  };
}
