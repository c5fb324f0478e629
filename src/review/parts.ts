import { existsSync, readdirSync } from 'node:fs';
import { shelf } from '../store/layout.ts';
import { readSpec, type StoredSpec } from '../store/sandbox-directory.ts';
import { ReviewError } from './error.ts';
import type { Part } from './model.ts';

/** A kept sandbox whose changes can be reviewed. */
export interface Reviewed {
  readonly name: string;
  /** Its directory in the store. */
  readonly directory: string;
  readonly parts: readonly Part[];
  /** Where its copy-on-write workspace is on the host. */
  readonly workspace?: string;
  readonly isTrial: boolean;
}

/** A file in a sandbox's directory that says: made by `try`, and to be gone when its changes are. */
export const TRIAL_MARK = 'trial';

/** Places that this program makes in any root file system, to mount on (src/plan). */
const MOUNTED = ['/proc', '/sys', '/dev', '/run/secrets', '/run/lock', '/tmp', '/var/tmp'];
const GENERATED = [
  '/etc/hosts',
  '/etc/hostname',
  '/etc/resolv.conf',
  '/etc/localtime',
  '/etc/apt/apt.conf.d/99sandbox-one-id',
];

/** Gives what there is to review of a kept sandbox. Throws a ReviewError: NO_SANDBOX, UNSUPPORTED. */
export function reviewed(store: string, name: string): Reviewed {
  const directory = `${shelf(store, 'sandboxes')}/${name}`;
  const spec = readSpec(directory);
  if (spec === undefined) {
    throw new ReviewError('NO_SANDBOX', `there is no kept sandbox ${name}`, { hint: '`sandbox ps -a` lists them' });
  }
  if (spec.storageDriver === 'copy') {
    throw new ReviewError(
      'UNSUPPORTED',
      `the sandbox ${name} has the storage driver copy, which keeps no list of changes`,
      {
        hint: 'changes can be reviewed with the drivers native and fuse-overlayfs: see `sandbox doctor`',
      },
    );
  }
  const workspace = spec.workspace.kind === 'cow' ? spec.workspace.path : undefined;
  return {
    name,
    directory,
    parts: [...workspacePart(directory, workspace), ...rootParts(store, directory, spec)],
    ...(workspace === undefined ? {} : { workspace }),
    isTrial: existsSync(`${directory}/${TRIAL_MARK}`),
  };
}

function workspacePart(directory: string, path: string | undefined): Part[] {
  if (path === undefined) return [];
  const upper = `${directory}/upper-workspace`;
  return [{ upper, lowers: [path], host: path, hostIsLower: true, place: '', hasOwners: true, ownPlaces: [] }];
}

function rootParts(store: string, directory: string, spec: StoredSpec): Part[] {
  const own = [...MOUNTED, ...GENERATED, ...(spec.workspace.path === undefined ? [] : [spec.workspace.path])];
  const { rootfs } = spec;
  if (rootfs.kind === 'host') {
    const skeleton = `${store}/host/${spec.generation ?? ''}`;
    return groundOf(directory).map((place) => hostPart(directory, skeleton, place, own));
  }
  return [
    {
      upper: `${directory}/upper`,
      lowers: rootfs.kind === 'directory' ? [rootfs.path] : rootfs.layers,
      hostIsLower: false,
      place: '/',
      hasOwners: true,
      ownPlaces: ownBelow('/', own),
    },
  ];
}

/** One overlay a directory of the ground (plan/root.ts); below `/` itself the host's own files were not shown. */
function hostPart(directory: string, skeleton: string, place: string, own: readonly string[]): Part {
  const isRoot = place === '/';
  return {
    upper: `${directory}/upper${isRoot ? '' : place.replace(/[%/]/g, (character) => (character === '/' ? '%2F' : '%25'))}`,
    lowers: isRoot ? [skeleton] : [`${skeleton}${place}`, place],
    host: place,
    hostIsLower: !isRoot,
    place,
    hasOwners: false,
    ownPlaces: ownBelow(place, own),
  };
}

function groundOf(directory: string): string[] {
  const names = readdirSync(directory).filter((name) => /^upper(%2F.*)?$/.test(name));
  return names.map((name) => name.slice('upper'.length).replaceAll('%2F', '/').replaceAll('%25', '%') || '/').sort();
}

function ownBelow(place: string, own: readonly string[]): string[] {
  const start = place === '/' ? '/' : `${place}/`;
  return own.flatMap((path) => (path.startsWith(start) ? [path.slice(start.length)] : []));
}
