import { FCNTL } from '../../linux/constants/descriptor.ts';
import { MOUNT, MOUNT_ATTR, UMOUNT } from '../../linux/constants/mount.ts';
import { AT, RESOLVE } from '../../linux/constants/open.ts';
import { failedWith, flags, type Label, type Slot } from '../argument.ts';
import type { MountAttributes, SetupOp } from '../operations.ts';
import { close, HERE, type Lowering, openFlags, openInRoot } from './context.ts';
import { attach, attachRoot, cloneMount, moveOnto, newMount } from './detached-mount.ts';

type Operation<Name extends SetupOp['op']> = Extract<SetupOp, { op: Name }>;

/** Mounts that arrive from the host later must not arrive here, nor ours there; mount_namespaces(7). */
export function isolateMounts({ builder }: Lowering): void {
  builder.syscall('mount', [0, builder.string('/'), 0, flags(MOUNT, 'MS_REC', 'MS_PRIVATE'), 0]);
}

export function mountRootMemory(lowering: Lowering): void {
  newMount(
    lowering.builder,
    'tmpfs',
    [
      ['source', 'sandbox'],
      ['mode', '0755'],
    ],
    { noSuid: true, noDev: true },
    lowering.root,
  );
  attachRoot(lowering);
}

export function mountRootDirectory(lowering: Lowering, operation: Operation<'mountRootDirectory'>): void {
  const attributes = { noSuid: true, noDev: true };
  cloneMount(lowering.builder, { directory: HERE, path: operation.source }, false, attributes, lowering.root);
  attachRoot(lowering);
}

export function bind(lowering: Lowering, operation: Operation<'bind'>): void {
  const { builder } = lowering;
  const mount = builder.scratch('bind');
  const skip = builder.label('not mounted');
  const onError = operation.optional ? skip : undefined;
  const opened = operation.noLinks ? openWithoutLinks(lowering, operation.source, onError) : undefined;
  const from = opened ? { directory: opened, path: '' } : { directory: HERE, path: operation.source };
  cloneMount(builder, from, operation.recursive, operation.attributes, mount, onError);
  if (opened) close(builder, opened);
  attach(lowering, mount, operation.target, onError);
  builder.place(skip);
}

/** A path of the host that was looked up before, and may lead elsewhere by now. */
function openWithoutLinks({ builder }: Lowering, path: string, onError: Label | undefined): Slot {
  const source = builder.scratch('source');
  const how = openFlags(builder, 'O_PATH');
  const resolve = flags(RESOLVE, 'RESOLVE_NO_SYMLINKS', 'RESOLVE_NO_MAGICLINKS');
  const text = `{flags=${how.text}, resolve=${resolve.text}}`;
  builder.syscall('openat2', [HERE, builder.string(path), builder.words([how.value, 0, resolve.value], text), 24], {
    result: source,
    ...(onError === undefined ? {} : { onError }),
  });
  return source;
}

export function memory(lowering: Lowering, operation: Operation<'memory'>): void {
  const { builder } = lowering;
  const mount = builder.scratch('tmpfs');
  const options: Array<readonly [string, string?]> = [
    ['source', 'tmpfs'],
    ['mode', `0${operation.mode.toString(8)}`],
  ];
  if (operation.size !== undefined) options.push(['size', String(operation.size)]);
  newMount(builder, 'tmpfs', options, operation.attributes, mount);
  attach(lowering, mount, operation.target);
}

const KERNEL_FILES: MountAttributes = { noSuid: true, noDev: true, noExec: true };

/**
 * A link of an image's would put the kernel's files elsewhere, and another file system's in their place: what is written
 * to and hidden there later must be the kernel's (CVE-2019-19921, CVE-2023-27561).
 */
const NO_LINK = ['O_DIRECTORY', 'O_NOFOLLOW'] as const;

export function proc(lowering: Lowering, { target }: Operation<'proc'>): void {
  const mount = lowering.builder.scratch('proc');
  newMount(lowering.builder, 'proc', [['source', 'proc']], KERNEL_FILES, mount);
  attach(lowering, mount, target, undefined, NO_LINK);
}

/** A sysfs shows the devices of a network namespace, and only its owner may mount it; elsewhere the host's is bound. */
export function sysfs(lowering: Lowering, { target, fresh }: Operation<'sysfs'>): void {
  const { builder } = lowering;
  const mount = builder.scratch('sysfs');
  const bound = builder.label('bind the host sysfs');
  const attachIt = builder.label('attach sysfs');
  const skip = builder.label('no sysfs');
  if (fresh) {
    // Refused where the host's own /sys is partly covered, as in containers: fs/namespace.c, mount_too_revealing.
    newMount(builder, 'sysfs', [['source', 'sysfs']], { ...KERNEL_FILES, readOnly: true }, mount, bound);
    builder.jump(attachIt);
  }
  builder.place(bound);
  cloneMount(builder, { directory: HERE, path: '/sys' }, true, { ...KERNEL_FILES, readOnly: true }, mount, skip);
  builder.place(attachIt);
  attach(lowering, mount, target, undefined, NO_LINK);
  builder.place(skip);
}

export function devpts(lowering: Lowering, { target, ttyGroup }: Operation<'devpts'>): void {
  const { builder } = lowering;
  const mount = builder.scratch('devpts');
  const options: Array<readonly [string, string?]> = [
    ['source', 'devpts'],
    ['newinstance'],
    ['ptmxmode', '0666'],
    ['mode', '0620'],
  ];
  if (ttyGroup !== undefined) options.push(['gid', String(ttyGroup)]);
  newMount(builder, 'devpts', options, { noSuid: true, noExec: true }, mount);
  attach(lowering, mount, target);
}

/** Mounts a file system that a sandbox can do without. */
function optionalMount(lowering: Lowering, type: string, target: string, attributes: MountAttributes): void {
  const { builder } = lowering;
  const mount = builder.scratch(type);
  const skip = builder.label(`no ${type}`);
  newMount(builder, type, [['source', type]], attributes, mount, skip);
  attach(lowering, mount, target, skip);
  builder.place(skip);
}

export function messageQueues(lowering: Lowering, { target }: Operation<'messageQueues'>): void {
  optionalMount(lowering, 'mqueue', target, KERNEL_FILES);
}

export function controlGroups(lowering: Lowering, { target }: Operation<'controlGroups'>): void {
  optionalMount(lowering, 'cgroup2', target, { ...KERNEL_FILES, readOnly: true });
}

/**
 * Opens what is to be covered, whatever it is: only if it is missing there is nothing to do. A failure for another reason
 * must not leave it uncovered.
 */
function openPlace(lowering: Lowering, path: string, place: Slot, missing: Label): void {
  const { builder } = lowering;
  const refused = builder.label('not opened');
  const opened = builder.label('opened');
  openInRoot(lowering, path, ['O_PATH', 'O_NOFOLLOW'], { result: place, onError: refused });
  builder.jump(opened);
  builder.place(refused);
  builder.branch(builder.outcome, 'equal', failedWith('ENOENT'), missing);
  builder.branch(builder.outcome, 'equal', failedWith('ENOTDIR'), missing);
  builder.jump(builder.onFailure);
  builder.place(opened);
}

/**
 * The cover is opened from the host's mounts, so that nothing of an image can stand in for it, and goes over whatever
 * the path is at that moment (CVE-2025-31133: a /dev/null inside the sandbox was trusted to be the device).
 */
export function mask(lowering: Lowering, { path, type }: Operation<'mask'>): void {
  const { builder } = lowering;
  const cover = builder.scratch('cover');
  const place = builder.scratch('masked');
  const skip = builder.label('nothing to mask');
  openPlace(lowering, path, place, skip);
  if (type === 'file') cloneMount(builder, { directory: HERE, path: '/dev/null' }, false, {}, cover);
  else emptyDirectory(lowering, cover);
  moveOnto(builder, cover, place);
  builder.place(skip);
}

/** A mount with nothing in it: a file system of its own the first time, then copies of that mount, which cost less. */
function emptyDirectory({ builder, emptyMount }: Lowering, result: Slot): void {
  const copy = builder.label('copy the empty mount');
  const done = builder.label('empty mount is there');
  builder.branch(emptyMount, 'greaterOrEqual', 0, copy);
  const options: ReadonlyArray<readonly [string, string?]> = [
    ['source', 'tmpfs'],
    ['size', '0'],
    ['mode', '0555'],
  ];
  newMount(builder, 'tmpfs', options, { ...KERNEL_FILES, readOnly: true }, result);
  // A second descriptor of it stays; the mount can be copied once it is attached.
  builder.syscall('fcntl', [result, flags(FCNTL, 'F_DUPFD_CLOEXEC'), 0], { result: emptyMount });
  builder.jump(done);
  builder.place(copy);
  cloneMount(builder, { directory: emptyMount, path: '' }, false, {}, result);
  builder.place(done);
}

export function readOnlyPath(lowering: Lowering, { path }: Operation<'readOnlyPath'>): void {
  const { builder } = lowering;
  const copy = builder.scratch('read-only copy');
  const place = builder.scratch('made read-only');
  const skip = builder.label('nothing to make read-only');
  openPlace(lowering, path, place, skip);
  cloneMount(builder, { directory: place, path: '' }, false, { ...KERNEL_FILES, readOnly: true }, copy);
  moveOnto(builder, copy, place);
  builder.place(skip);
}

export function readOnlyRoot({ builder, root }: Lowering): void {
  const attributes = builder.words([MOUNT_ATTR.MOUNT_ATTR_RDONLY, 0, 0, 0], '{attr_set=MOUNT_ATTR_RDONLY}');
  builder.syscall('mount_setattr', [root, builder.string(''), flags(AT, 'AT_EMPTY_PATH'), attributes, 32]);
}

/** pivot_root(2), "pivot_root(".", ".")": the old root ends up above the new one and is detached. */
export function pivotRoot({ builder, root, emptyMount }: Lowering): void {
  builder.syscall('fchdir', [root]);
  builder.syscall('pivot_root', [builder.string('.'), builder.string('.')]);
  builder.syscall('umount2', [builder.string('.'), flags(UMOUNT, 'MNT_DETACH')]);
  builder.syscall('chdir', [builder.string('/')]);
  close(builder, root);
  close(builder, emptyMount);
}

/** Shows what a descriptor stands for at a path inside too: no path is trusted to lead to it (CVE-2025-52565). */
export function attachCopy(lowering: Lowering, descriptor: Slot, target: string): void {
  const { builder } = lowering;
  const copy = builder.scratch('copy');
  cloneMount(builder, { directory: descriptor, path: '' }, false, { noSuid: true, noExec: true }, copy);
  attach(lowering, copy, target);
}
