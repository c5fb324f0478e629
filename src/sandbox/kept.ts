import { existsSync, statSync } from 'node:fs';
import { encodeBytes } from '../linux/bytes.ts';
import type { RootFs, Spec, Workspace } from '../plan/spec.ts';
import { shelf } from '../store/layout.ts';
import { readSpec } from '../store/sandbox-directory.ts';
import { SandboxError } from './error.ts';

/** What a kept sandbox was made with; undefined where there is none of that name. */
export interface Kept {
  readonly rootfs: RootFs;
  readonly storageDriver: NonNullable<Spec['storageDriver']>;
  /** Name of the profile; undefined in those of the first version. */
  readonly profile?: string;
  /** The directory of the host over which its changes lie: those of a workspace that is copied on write. */
  readonly workspace?: string;
}

/** How a sandbox is opened. */
interface Opening {
  /** `--workspace`, if it was given. */
  readonly workspace?: Workspace['kind'] | undefined;
  /** Told what may surprise. */
  readonly note?: (line: string) => void;
}

export function keptSandbox(store: string, name: string): Kept | undefined {
  const stored = readSpec(`${shelf(store, 'sandboxes')}/${name}`);
  if (stored === undefined) return undefined;
  const profile = stored.security?.profile;
  const { kind, path } = stored.workspace;
  return {
    rootfs: stored.rootfs,
    storageDriver: stored.storageDriver ?? 'native',
    ...(profile === undefined ? {} : { profile }),
    ...(kind === 'cow' && path !== undefined ? { workspace: path } : {}),
  };
}

/** Gives the directory that holds what was changed in a kept sandbox: its upper layer, or all of it where it was copied. */
export function keptChanges(store: string, name: string): string {
  const directory = `${shelf(store, 'sandboxes')}/${name}`;
  return existsSync(`${directory}/copy`) ? `${directory}/copy` : `${directory}/upper`;
}

/**
 * Takes what is asked for and gives it with what the sandbox was made on and with, if it is a kept one that exists: the
 * changes in it make sense on no other root file system, and only to the storage driver that wrote them. Of an image that is
 * the very layers of then, whatever its tag means by now. A workspace that is copied on write is always the same one, whatever
 * the current directory is. Throws a SandboxError where another one is asked for, and where a
 * layer is gone.
 */
export function asMade(spec: Spec, store: string, { workspace: asked, note }: Opening = {}): Spec {
  if (spec.lifetime.kind !== 'named') return spec;
  const { name } = spec.lifetime;
  const kept = keptSandbox(store, name);
  if (kept === undefined) return spec;
  const { rootfs, storageDriver, workspace: copied } = kept;
  if (!isSame(rootfs, spec.rootfs)) {
    throw new SandboxError('MISMATCH', `the sandbox ${name} was made on ${describeRoot(rootfs)}`, {
      hint: `open it without another one, or remove it: sandbox rm ${name}`,
    });
  }
  if (spec.storageDriver !== undefined && spec.storageDriver !== storageDriver) {
    throw new SandboxError('MISMATCH', `the sandbox ${name} was made with the storage driver ${storageDriver}`, {
      hint: `leave --storage-driver out, or remove it: sandbox rm ${name}`,
    });
  }
  if (rootfs.kind === 'image') expectLayers(rootfs, name);
  if (copied === undefined) return { ...spec, rootfs, storageDriver };
  const workspace = copiedWorkspace(copied, spec.workspace, name, asked);
  if (spec.workspace.kind !== 'none' && spec.workspace.path !== copied) {
    note?.(`the sandbox ${name} has its changes of ${copied}: that is its workspace, copy-on-write`);
  }
  return { ...spec, rootfs, storageDriver, workspace };
}

/** Its changes make sense over no other directory, and would be lost from sight with none or the directory itself. */
function copiedWorkspace(
  path: string,
  wanted: Workspace,
  name: string,
  asked: Workspace['kind'] | undefined,
): Workspace {
  const isOther = wanted.kind === 'cow' && wanted.path !== path;
  if (asked !== undefined && (asked !== 'cow' || isOther)) {
    throw new SandboxError('MISMATCH', `the sandbox ${name} was made with --workspace cow on ${path}`, {
      hint: `leave --workspace out, or apply or discard its changes and remove it: sandbox diff ${name}`,
    });
  }
  if (!statSync(encodeBytes(path), { throwIfNoEntry: false })?.isDirectory()) {
    throw new SandboxError('MISMATCH', `the workspace of the sandbox ${name} is gone: ${path} is no directory`, {
      hint: `put it back, or remove the sandbox: sandbox rm ${name}`,
    });
  }
  return { kind: 'cow', path };
}

function isSame(made: RootFs, wanted: RootFs): boolean {
  if (made.kind === 'image') {
    return wanted.kind === 'image' && (made.name === wanted.name || made.manifest === wanted.manifest);
  }
  if (made.kind === 'directory') return wanted.kind === 'directory' && made.path === wanted.path;
  return wanted.kind === 'host';
}

function describeRoot(rootfs: RootFs): string {
  if (rootfs.kind === 'host') return 'host';
  return rootfs.kind === 'directory' ? `--rootfs ${rootfs.path}` : `the image ${rootfs.name}`;
}

function expectLayers({ name: image, layers }: Extract<RootFs, { kind: 'image' }>, name: string): void {
  const isThere = (path: string): boolean => statSync(encodeBytes(path), { throwIfNoEntry: false }) !== undefined;
  const gone = layers.filter((path) => !isThere(path));
  const [first] = gone;
  if (first === undefined) return;
  const others = gone.length === 1 ? '' : ` and ${gone.length - 1} more`;
  throw new SandboxError(
    'LAYERS_GONE',
    `the sandbox ${name} stands on a layer of ${image} that is gone: ${first}${others}`,
    {
      hint: `pull the image again (sandbox image pull ${image}), or remove the sandbox: sandbox rm ${name}`,
    },
  );
}
