import type { ReadyEnvironment } from '../../project/record.ts';
import { compileShims } from '../../project/shim/compile.ts';
import { type SettledContents, settledContents } from '../../project/shim/contents.ts';
import { removeShimFiles, writeShimFiles } from '../../project/shim/files.ts';
import { readAllShims, readShims, writeShims } from '../../project/shim/record.ts';
import { note } from '../../ui/output.ts';
import { prepare } from '../project/prepare.ts';
import { ownStore } from '../spec/own-store.ts';
import { preparationProgress } from '../spec/preparation-progress.ts';
import { shimRequest } from './request.ts';

/** Which shims are wanted. */
export interface ShimWishes {
  readonly directory: string;
  readonly environment: string;
  /** Names of programs. */
  readonly names: readonly string[];
  readonly frozen: boolean | undefined;
  readonly quiet: boolean;
}

/** How often the project's files may change while the environment is prepared. */
const TRIES = 5;

/**
 * Makes shims for programs, and those that the environment has already anew: as the project's files are now. The environment is
 * prepared, which may pull and build. Throws a ProjectError and what `prepare` throws.
 */
export async function makeShims(wishes: ShimWishes): Promise<ReadyEnvironment> {
  const { directory, environment } = wishes;
  const store = ownStore();
  let ready = await prepare(wishes);
  let settled = await settledContents(directory);
  for (let tries = 1; tries < TRIES; tries++) {
    const again = await prepare(wishes);
    const after = await settledContents(directory);
    const isSame = again.digest === ready.digest && after.contents === settled.contents;
    [ready, settled] = [again, after];
    if (isSame) break;
  }
  const known = readShims(store, directory, environment)?.names ?? [];
  const names = [...new Set([...known, ...wishes.names])];
  await writeAll(store, ready, { names, ...settled }, wishes.quiet);
  return ready;
}

/** Compiles the shims of a ready environment and writes them, without a look at what it was made from. */
export async function writeAll(
  store: string,
  ready: ReadyEnvironment,
  of: SettledContents & { readonly names: readonly string[] },
  quiet: boolean,
): Promise<void> {
  const { directory, environment } = ready;
  const { notes, ...request } = await shimRequest(ready, of.stamps);
  if (!quiet) for (const line of notes) note(line);
  const { shims, ...besides } = await compileShims(of.names, request, preparationProgress);
  // The record first: garbage collection keeps the layers from then on.
  writeShims(store, { names: of.names, contents: of.contents, config: of.config, ready, ...besides });
  writeShimFiles(store, directory, shims);
  for (const [other, record] of readAllShims(store, directory)) {
    if (other === environment) continue;
    const left = record.names.filter((name) => !of.names.includes(name));
    if (left.length < record.names.length) writeShims(store, { ...record, names: left });
  }
}

/** Removes shims of an environment; gives the names of those that there were. */
export function removeShims(store: string, directory: string, environment: string, names: readonly string[]): string[] {
  const record = readShims(store, directory, environment);
  if (record === undefined) return [];
  const removed = record.names.filter((name) => names.length === 0 || names.includes(name));
  removeShimFiles(store, directory, removed);
  writeShims(store, { ...record, names: record.names.filter((name) => !removed.includes(name)) });
  return removed;
}
