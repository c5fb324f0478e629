import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { atLeast, parseKernelVersion } from '../linux/kernel-version.ts';
import { makeDirectory } from '../linux/make-directory.ts';
import { fsPath } from '../linux/paths.ts';
import { asideName } from './aside.ts';
import type { HostMount, OverlaySupport } from './facts.ts';

/** What a try of an overlay depends on besides time. */
export interface ProbeScope {
  readonly store: string;
  readonly mounts: readonly HostMount[];
  /** uname(2)'s release. */
  readonly release: string;
  readonly uid: number;
}

/** A way round is taken for this long, then all is tried again: what caused it may have been mended. A kernel does not lose what worked. */
const REFUSAL_VALID_MS = 600_000;

/** Takes a path and the mounts and gives the type of the file system the path is on: of the deepest mount above it. */
export function fileSystemOf(path: string, mounts: readonly HostMount[]): string {
  let best: HostMount | undefined;
  for (const mount of mounts) {
    const { mountPoint } = mount;
    const covers = mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`);
    if (covers && (best === undefined || mountPoint.length >= best.mountPoint.length)) best = mount;
  }
  return best?.fsType ?? 'unknown';
}

/** The host in a container, or with the store on another file system, is another case: no device numbers, no boot id. */
function scopeKey(scope: ProbeScope): string {
  const types = `${fileSystemOf('/', scope.mounts)} ${fileSystemOf(scope.store, scope.mounts)}`;
  return `${scope.release} ${scope.uid} ${types}`;
}

function parseProbe(text: string, key: string, now: number): OverlaySupport | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('version' in value) || value.version !== 1) return undefined;
  if (!('key' in value) || value.key !== key || !('kind' in value)) return undefined;
  if (value.kind === 'native') return { kind: 'native' };
  if (!('at' in value) || typeof value.at !== 'number' || Math.abs(now - value.at) > REFUSAL_VALID_MS) return undefined;
  if (!('reason' in value) || typeof value.reason !== 'string') return undefined;
  const { reason } = value;
  if (value.kind === 'copy') return { kind: 'copy', reason };
  if (value.kind !== 'fuse' || !('program' in value) || typeof value.program !== 'string') return undefined;
  return { kind: 'fuse', program: value.program, reason };
}

/**
 * Gives what was found when an overlay was last tried here, or undefined when it has to be tried: never done, on
 * another kernel, or refused more than ten minutes ago. `now`: milliseconds since 1970.
 */
export function readProbe(scope: ProbeScope, now: number = Date.now()): OverlaySupport | undefined {
  try {
    return parseProbe(readFileSync(fsPath(`${scope.store}/probe.json`), 'utf8'), scopeKey(scope), now);
  } catch {
    return undefined;
  }
}

/** Remembers what was found, unless it is that nothing works. A store that cannot be written only means that it is tried again the next time. */
export function writeProbe(scope: ProbeScope, result: OverlaySupport, now: number = Date.now()): void {
  if (result.kind === 'none') return;
  const aside = `${scope.store}/${asideName()}`;
  try {
    makeDirectory(scope.store);
    writeFileSync(fsPath(aside), JSON.stringify({ version: 1, key: scopeKey(scope), at: now, ...result }), {
      flag: 'wx',
    });
    renameSync(fsPath(aside), fsPath(`${scope.store}/probe.json`));
  } catch {
    rmSync(fsPath(aside), { force: true });
  }
}

/** Gives why the kernel is too old to let an ordinary user mount an overlay, or undefined. Linux 5.11 was the first. */
export function kernelRefusal(release: string): string | undefined {
  const version = parseKernelVersion(release);
  // 5.11 has it, but not yet the id-mapped mounts and mount_setattr(2) of 5.12, which the plan uses.
  // A release without a version is not held against the kernel: the try tells.
  if (version === undefined || atLeast(version, 5, 12)) return undefined;
  return `Linux ${release} is older than 5.12`;
}

/**
 * Gives how copy-on-write is made, without trying: what the kernel's version excludes, else what was found before; undefined
 * where nothing is known.
 */
export function overlaySupport(scope: ProbeScope): OverlaySupport | undefined {
  const reason = kernelRefusal(scope.release);
  return reason === undefined ? readProbe(scope) : { kind: 'none', reason };
}
