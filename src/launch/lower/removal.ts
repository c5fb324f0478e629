import { AT } from '../../linux/constants/open.ts';
import { CLONE } from '../../linux/constants/process.ts';
import { failedWith, flags, type Label, type Slot } from '../argument.ts';
import type { ProgramBuilder } from '../builder.ts';
import type { SetupOp } from '../operations.ts';
import { close, HERE, type Lowering, openFlags } from './context.ts';

const BUFFER = 2048;
/** struct linux_dirent64; getdents(2). */
const DIRENT = { length: 16, type: 18, name: 19 } as const;
const DT_DIR = 4;
const DOT = '.'.charCodeAt(0);

/** The strings and buffers of a removal, in the writable segment: the monitor has unmapped the constants by then. */
export interface RemovalData {
  readonly dot: ReturnType<ProgramBuilder['data']>;
  readonly dotdot: ReturnType<ProgramBuilder['data']>;
  readonly entries: ReturnType<ProgramBuilder['buffer']>;
}

export function removalData(builder: ProgramBuilder): RemovalData {
  return {
    dot: builder.data(Buffer.from('.\0'), '"."'),
    dotdot: builder.data(Buffer.from('..\0'), '".."'),
    entries: builder.buffer(BUFFER, '&entries'),
  };
}

/**
 * Removes everything below the current directory, then goes to `done`; to `failed` when something could not be removed,
 * which the next garbage collection tries again. Nobody else changes the tree: every process of the sandbox is gone.
 *
 * Depth-first without a stack: a directory that is not empty is entered, and the way back is `..`, whose listing then
 * starts anew. Symbolic links are removed, never followed.
 */
export function removeContents(builder: ProgramBuilder, data: RemovalData, done: Label, failed: Label): void {
  const directory = builder.scratch('tree directory');
  const depth = builder.scratch('tree depth');
  const size = builder.scratch('tree size');
  const position = builder.scratch('tree position');
  const entry = builder.scratch('tree entry');
  const value = builder.scratch('tree value');
  const read = builder.label('read entries');
  const nextEntry = builder.label('next entry');
  const isName = builder.label('is a name');
  const asDirectory = builder.label('remove as directory');
  const descend = builder.label('descend');
  const ascend = builder.label('ascend');
  const open = openFlags(builder, 'O_RDONLY', 'O_DIRECTORY', 'O_NOFOLLOW');

  builder.syscall('openat', [HERE, data.dot, open, 0], { result: directory, onError: failed });
  builder.move(depth, 0);

  builder.place(read);
  builder.syscall('getdents64', [directory, data.entries, BUFFER], { result: size, onError: failed });
  builder.branch(size, 'equal', 0, ascend);
  builder.move(position, 0);

  builder.place(nextEntry);
  builder.branch(position, 'greaterOrEqual', size, read);
  builder.compute(entry, 'add', position, data.entries);
  builder.load(value, 16, entry, DIRENT.length);
  builder.compute(position, 'add', position, value);
  skipDots(builder, entry, value, nextEntry, isName);
  builder.place(isName);
  builder.load(value, 8, entry, DIRENT.type);
  builder.compute(entry, 'add', entry, DIRENT.name);
  builder.branch(value, 'equal', DT_DIR, asDirectory);
  builder.syscall('unlinkat', [directory, entry, 0], { onError: asDirectory });
  builder.jump(nextEntry);

  builder.place(asDirectory);
  builder.syscall('unlinkat', [directory, entry, flags(AT, 'AT_REMOVEDIR')], { onError: descend });
  builder.jump(nextEntry);

  builder.place(descend);
  const notEmpty = builder.label('not empty');
  builder.branch(builder.outcome, 'equal', failedWith('ENOTEMPTY'), notEmpty);
  builder.branch(builder.outcome, 'notEqual', failedWith('EEXIST'), failed);
  builder.place(notEmpty);
  // A directory that its owner may not search is no hindrance: work/ of an overlay has mode 000.
  builder.syscall('fchmodat', [directory, entry, 0o700], { onError: 'ignore' });
  builder.syscall('openat', [directory, entry, open, 0], { result: value, onError: failed });
  close(builder, directory);
  builder.move(directory, value);
  builder.compute(depth, 'add', depth, 1);
  builder.jump(read);

  builder.place(ascend);
  builder.branch(depth, 'equal', 0, done);
  builder.syscall('openat', [directory, data.dotdot, open, 0], { result: value, onError: failed });
  close(builder, directory);
  builder.move(directory, value);
  builder.compute(depth, 'subtract', depth, 1);
  builder.jump(read);
}

function skipDots(builder: ProgramBuilder, entry: Slot, value: Slot, skip: Label, isName: Label): void {
  builder.load(value, 8, entry, DIRENT.name);
  builder.branch(value, 'notEqual', DOT, isName);
  builder.load(value, 8, entry, DIRENT.name + 1);
  builder.branch(value, 'equal', 0, skip);
  builder.branch(value, 'notEqual', DOT, isName);
  builder.load(value, 8, entry, DIRENT.name + 2);
  builder.branch(value, 'equal', 0, skip);
}

/**
 * Removes the sandbox's directory, where the monitor stands, and goes on at `done` in any case. The files may belong to
 * subordinate ids: inside the sandbox's user namespace, which the monitor owns, it may remove them all the same.
 */
export function removeSandbox(lowering: Lowering, data: RemovalData, done: Label): void {
  const { builder } = lowering;
  const empty = builder.label('sandbox is empty');
  builder.syscall('setns', [lowering.userNamespace, flags(CLONE, 'CLONE_NEWUSER')], { onError: 'ignore' });
  removeContents(builder, data, empty, done);
  builder.place(empty);
  builder.syscall('unlinkat', [lowering.store, lowering.name, flags(AT, 'AT_REMOVEDIR')], { onError: 'ignore' });
  builder.jump(done);
}

/** Removes a tree from inside a user namespace that maps the ids of its files; what resists is a failure of the step. */
export function removeTree(lowering: Lowering, { path }: Extract<SetupOp, { op: 'removeTree' }>): void {
  const { builder } = lowering;
  const empty = builder.label('tree is empty');
  builder.syscall('chdir', [builder.string(path)]);
  removeContents(builder, removalData(builder), empty, builder.onFailure);
  builder.place(empty);
  builder.syscall('chdir', [builder.string('/')]);
  builder.syscall('unlinkat', [HERE, builder.string(path), flags(AT, 'AT_REMOVEDIR')]);
}

export function finish({ builder }: Lowering): void {
  builder.syscall('exit_group', [0], { onError: 'ignore' });
}
