import { FS_CONTEXT, MOUNT_ATTR, MOVE_MOUNT, OPEN_TREE } from '../../linux/constants/mount.ts';
import { AT, type OpenFlag } from '../../linux/constants/open.ts';
import { failedWith, flags, type Label, type Named, type Pointer, type Slot } from '../argument.ts';
import type { ProgramBuilder } from '../builder.ts';
import type { MountAttributes } from '../operations.ts';
import { close, HERE, type Lowering, openInRoot } from './context.ts';

function attributeFlags(attributes: MountAttributes): Named {
  const names: Array<keyof typeof MOUNT_ATTR> = [];
  if (attributes.readOnly) names.push('MOUNT_ATTR_RDONLY');
  if (attributes.noSuid) names.push('MOUNT_ATTR_NOSUID');
  if (attributes.noDev) names.push('MOUNT_ATTR_NODEV');
  if (attributes.noExec) names.push('MOUNT_ATTR_NOEXEC');
  return flags(MOUNT_ATTR, ...names);
}

/** A file system that is configured and mounted nowhere yet; its descriptor goes to `result`. fsopen(2), fsmount(2). */
export function newMount(
  builder: ProgramBuilder,
  type: string,
  options: ReadonlyArray<readonly [key: string, value?: string]>,
  attributes: MountAttributes,
  result: Slot,
  onError?: Label,
): void {
  const context = builder.scratch(`${type} context`);
  const failure = onError ? { onError } : {};
  builder.syscall('fsopen', [builder.string(type), flags(FS_CONTEXT, 'FSOPEN_CLOEXEC')], {
    result: context,
    ...failure,
  });
  for (const [key, value] of options) {
    const command = flags(FS_CONTEXT, value === undefined ? 'FSCONFIG_SET_FLAG' : 'FSCONFIG_SET_STRING');
    const text = value === undefined ? 0 : builder.string(value);
    builder.syscall('fsconfig', [context, command, builder.string(key), text, 0], failure);
  }
  builder.syscall('fsconfig', [context, flags(FS_CONTEXT, 'FSCONFIG_CMD_CREATE'), 0, 0, 0], failure);
  builder.syscall('fsmount', [context, flags(FS_CONTEXT, 'FSMOUNT_CLOEXEC'), attributeFlags(attributes)], {
    result,
    ...failure,
  });
  close(builder, context);
}

/** The new root is attached to `root` in the sandbox's directory: pivot_root(2) wants a mount point. */
export function attachRoot(lowering: Lowering): void {
  const { builder, root } = lowering;
  builder.syscall('move_mount', [
    root,
    builder.string(''),
    HERE,
    builder.string('root'),
    flags(MOVE_MOUNT, 'MOVE_MOUNT_F_EMPTY_PATH'),
  ]);
}

/** f_type of struct statfs: uapi/linux/magic.h; and the size of that on 64-bit machines. */
const KERNEL_FILE_SYSTEMS = { proc: 0x9fa0, sysfs: 0x62656572 } as const;
const STATFS_SIZE = 120;
const statusOf = new WeakMap<ProgramBuilder, Pointer>();

/** What the plan itself mounts there. Nobody else names such a place: commands/options/path.ts. */
const OF_THE_PLAN = /^\/(proc|sys|dev)(\/|$)/;

/**
 * A link of an image's may lead from a place that the user named into /proc: nothing is to lie over the kernel's files
 * (CVE-2019-19921, CVE-2023-27561).
 */
function refuseKernelFiles(builder: ProgramBuilder, place: Slot, refused: Label): void {
  const status = statusOf.get(builder) ?? builder.buffer(STATFS_SIZE, '&statfs');
  statusOf.set(builder, status);
  const type = builder.scratch('type of the file system');
  const kernel = builder.label('of the kernel');
  const ordinary = builder.label('an ordinary place');
  builder.syscall('fstatfs', [place, status], { onError: refused });
  builder.load(type, 64, status, 0);
  builder.branch(type, 'equal', KERNEL_FILE_SYSTEMS.proc, kernel);
  builder.branch(type, 'notEqual', KERNEL_FILE_SYSTEMS.sysfs, ordinary);
  builder.place(kernel);
  builder.move(builder.outcome, failedWith('EXDEV'));
  builder.jump(refused);
  builder.place(ordinary);
}

/** Attaches a detached mount to `target`, found beneath the new root; `must`: flags of open(2) that say what is to be there. */
export function attach(
  lowering: Lowering,
  mount: Slot,
  target: string,
  onError?: Label,
  must: readonly OpenFlag[] = [],
): void {
  const { builder } = lowering;
  const place = builder.scratch('mount point');
  openInRoot(lowering, target, ['O_PATH', ...must], { result: place, ...(onError ? { onError } : {}) });
  if (!OF_THE_PLAN.test(target)) refuseKernelFiles(builder, place, onError ?? builder.onFailure);
  builder.syscall(
    'move_mount',
    [
      mount,
      builder.string(''),
      place,
      builder.string(''),
      flags(MOVE_MOUNT, 'MOVE_MOUNT_F_EMPTY_PATH', 'MOVE_MOUNT_T_EMPTY_PATH'),
    ],
    onError ? { onError } : {},
  );
  close(builder, place);
  close(builder, mount);
}

/** A detached copy of the mount at `source`, with attributes added; open_tree(2), mount_setattr(2). */
export function cloneMount(
  builder: ProgramBuilder,
  from: { readonly directory: Slot | Named; readonly path: string },
  recursive: boolean,
  attributes: MountAttributes,
  result: Slot,
  onError?: Label,
): void {
  const failure = onError ? { onError } : {};
  const names: Array<keyof typeof OPEN_TREE> = ['OPEN_TREE_CLONE', 'OPEN_TREE_CLOEXEC'];
  const tree = flags(OPEN_TREE, ...names);
  const at: Array<keyof typeof AT> = [];
  if (recursive) at.push('AT_RECURSIVE');
  if (from.path === '') at.push('AT_EMPTY_PATH');
  const more = flags(AT, ...at);
  const all: Named = {
    kind: 'named',
    value: tree.value | more.value,
    text: more.value ? `${tree.text}|${more.text}` : tree.text,
  };
  builder.syscall('open_tree', [from.directory, builder.string(from.path), all], { result, ...failure });
  const set = attributeFlags(attributes);
  if (set.value === 0) return;
  const how = flags(AT, 'AT_EMPTY_PATH', ...(recursive ? (['AT_RECURSIVE'] as const) : []));
  builder.syscall(
    'mount_setattr',
    [result, builder.string(''), how, builder.words([set.value, 0, 0, 0], `{attr_set=${set.text}}`), 32],
    failure,
  );
}

/** Attaches a detached mount to what a descriptor stands for. */
export function moveOnto(builder: ProgramBuilder, mount: Slot, place: Slot): void {
  const how = flags(MOVE_MOUNT, 'MOVE_MOUNT_F_EMPTY_PATH', 'MOVE_MOUNT_T_EMPTY_PATH');
  builder.syscall('move_mount', [mount, builder.string(''), place, builder.string(''), how]);
  close(builder, mount);
  close(builder, place);
}
