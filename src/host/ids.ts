import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { decodeBytes } from '../linux/bytes.ts';
import { fsPath } from '../linux/paths.ts';
import { parseSubids, type SubidOwner } from '../linux/subid.ts';
import type { IdSupport } from './facts.ts';

/** What the answer depends on; undefined where a file or program does not exist. */
export interface IdSources {
  readonly subuid: string | undefined;
  readonly subgid: string | undefined;
  readonly newuidmap: string | undefined;
  readonly newgidmap: string | undefined;
}

/**
 * Takes what the host has and gives which ids can be mapped for the owner. Both programs and at least one uid and one
 * gid are needed: the kernel lets an ordinary user map only the own id without them (user_namespaces(7)).
 */
export function idSupport(sources: IdSources, owner: SubidOwner): IdSupport {
  const { newuidmap, newgidmap } = sources;
  if (newuidmap === undefined) return { kind: 'single', reason: 'no newuidmap' };
  if (newgidmap === undefined) return { kind: 'single', reason: 'no newgidmap' };
  const who = owner.name ?? String(owner.uid);
  const uids = parseSubids(sources.subuid ?? '', owner);
  if (uids.length === 0) return { kind: 'single', reason: noLine(sources.subuid, who, '/etc/subuid') };
  const gids = parseSubids(sources.subgid ?? '', owner);
  if (gids.length === 0) return { kind: 'single', reason: noLine(sources.subgid, who, '/etc/subgid') };
  return { kind: 'subordinate', uids, gids, newuidmap, newgidmap };
}

function noLine(text: string | undefined, who: string, file: string): string {
  return text === undefined ? `no ${file}` : `no line for ${who} in ${file}`;
}

function readText(path: string): string | undefined {
  try {
    return decodeBytes(readFileSync(path));
  } catch {
    return undefined;
  }
}

function isProgram(path: string): boolean {
  try {
    if (!statSync(fsPath(path), { throwIfNoEntry: false })?.isFile()) return false;
    accessSync(fsPath(path), constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Takes a program's name and a PATH and gives where it is, or undefined. /usr/bin comes before the PATH: these are
 * set-uid programs of the system, and a file of the same name in ~/bin could do nothing.
 */
export function findProgram(name: string, path: string): string | undefined {
  const directories = ['/usr/bin', ...path.split(':').filter((directory) => directory.startsWith('/'))];
  return directories.map((directory) => `${directory.replace(/\/+$/, '')}/${name}`).find(isProgram);
}

/** Gives which ids can be mapped for a user of this host. `path`: the PATH to look for newuidmap in after /usr/bin. */
export function surveyIds(owner: SubidOwner, path: string): IdSupport {
  const newuidmap = findProgram('newuidmap', path);
  return idSupport(
    {
      newuidmap,
      newgidmap: newuidmap === undefined ? undefined : findProgram('newgidmap', path),
      subuid: readText('/etc/subuid'),
      subgid: readText('/etc/subgid'),
    },
    owner,
  );
}
