import { encodeBytes } from '../../linux/bytes.ts';
import { failedWith } from '../argument.ts';
import type { SetupOp } from '../operations.ts';
import { close, HERE, type Lowering, openFlags, openInRoot, writeAll } from './context.ts';
import { bind } from './mounts.ts';

type Operation<Name extends SetupOp['op']> = Extract<SetupOp, { op: Name }>;

/** A link that leads nowhere, or somebody was faster; the open that follows tells which. */
const EXISTS = failedWith('EEXIST');

/** mkdir -p beneath the new root; symbolic links on the way lead where they would inside. */
export function makeDirectory(lowering: Lowering, { path, mode }: Operation<'makeDirectory'>): void {
  const { builder } = lowering;
  const names = path.split('/').filter((name) => name !== '');
  const [only] = names;
  if (names.length === 1 && only !== undefined) {
    builder.syscall('mkdirat', [lowering.root, builder.string(only), mode], { onError: 'ignore' });
    return;
  }
  const done = builder.label('directory exists');
  const parent = builder.scratch('parent');
  const child = builder.scratch('directory');
  const walk = builder.label('make parents');
  openInRoot(lowering, path, ['O_PATH', 'O_DIRECTORY'], { result: parent, onError: walk });
  builder.jump(done);
  builder.place(walk);
  openInRoot(lowering, '/', ['O_PATH', 'O_DIRECTORY'], { result: parent });
  let prefix = '';
  for (const name of names) {
    prefix += `/${name}`;
    const missing = builder.label('missing');
    const have = builder.label('have');
    openInRoot(lowering, prefix, ['O_PATH', 'O_DIRECTORY'], { result: child, onError: missing });
    builder.jump(have);
    builder.place(missing);
    const made = builder.label('made');
    const refused = builder.label('not made');
    builder.syscall('mkdirat', [parent, builder.string(name), mode], { onError: refused });
    builder.jump(made);
    builder.place(refused);
    builder.branch(builder.outcome, 'notEqual', EXISTS, builder.onFailure);
    builder.place(made);
    openInRoot(lowering, prefix, ['O_PATH', 'O_DIRECTORY'], { result: child });
    builder.place(have);
    close(builder, parent);
    builder.move(parent, child);
  }
  builder.place(done);
  close(builder, parent);
}

/** An empty file to mount on, unless something is there. What cannot be made is noticed by the mount. */
export function makeFile(lowering: Lowering, { path }: Operation<'makeFile'>): void {
  const { builder } = lowering;
  const file = builder.scratch('file');
  const there = builder.label('there');
  openInRoot(lowering, path, ['O_WRONLY', 'O_CREAT', 'O_EXCL', 'O_NOFOLLOW'], {
    result: file,
    onError: there,
    mode: 0o644,
  });
  close(builder, file);
  builder.place(there);
}

/** A symbolic link in an existing directory; what is there already stays. */
export function makeSymlink(lowering: Lowering, { path, to }: Operation<'makeSymlink'>): void {
  const { builder } = lowering;
  const slash = path.lastIndexOf('/');
  const name = builder.string(path.slice(slash + 1));
  if (slash === 0) {
    builder.syscall('symlinkat', [builder.string(to), lowering.root, name], { onError: 'ignore' });
    return;
  }
  const parent = builder.scratch('parent');
  openInRoot(lowering, path.slice(0, slash), ['O_PATH', 'O_DIRECTORY'], { result: parent });
  builder.syscall('symlinkat', [builder.string(to), parent, name], { onError: 'ignore' });
  close(builder, parent);
}

/** A new file in a directory that init has just mounted; never through a link. */
export function writeFile(lowering: Lowering, { path, content, mode, owner }: Operation<'writeFile'>): void {
  const { builder } = lowering;
  const file = builder.scratch('file');
  openInRoot(lowering, path, ['O_WRONLY', 'O_CREAT', 'O_TRUNC', 'O_NOFOLLOW'], { result: file, mode: mode ?? 0o644 });
  if (content !== '') writeAll(builder, file, encodeBytes(content), JSON.stringify(content));
  if (owner !== undefined) builder.syscall('fchown', [file, owner.uid, owner.gid]);
  close(builder, file);
}

/**
 * A symbolic link that leads nowhere inside gives way to an empty file: systemd-resolved makes /etc/resolv.conf one into
 * /run, which is empty here. Nothing but the root's own changes lies there when this is done.
 */
function replaceDanglingLink(lowering: Lowering, path: string): void {
  const { builder } = lowering;
  const slash = path.lastIndexOf('/');
  const found = builder.scratch('found');
  const dangling = builder.label('leads nowhere');
  const done = builder.label('there is a file');
  openInRoot(lowering, path, ['O_PATH'], { result: found, onError: dangling });
  close(builder, found);
  builder.jump(done);
  builder.place(dangling);
  openInRoot(lowering, path.slice(0, slash) || '/', ['O_PATH', 'O_DIRECTORY'], { result: found, onError: done });
  builder.syscall('unlinkat', [found, builder.string(path.slice(slash + 1)), 0], { onError: 'ignore' });
  close(builder, found);
  makeFile(lowering, { op: 'makeFile', path });
  builder.place(done);
}

export function bindContent(lowering: Lowering, operation: Operation<'bindContent'>): void {
  const { builder } = lowering;
  replaceDanglingLink(lowering, operation.target);
  const file = builder.scratch('file');
  const open = openFlags(builder, 'O_WRONLY', 'O_CREAT', 'O_TRUNC', 'O_NOFOLLOW');
  builder.syscall('openat', [HERE, builder.string(operation.name), open, 0o644], { result: file });
  if (operation.content !== '')
    writeAll(builder, file, encodeBytes(operation.content), JSON.stringify(operation.content));
  close(builder, file);
  const attributes = { noSuid: true, noDev: true, noExec: true };
  bind(lowering, {
    op: 'bind',
    source: operation.name,
    target: operation.target,
    recursive: false,
    attributes,
    optional: true,
  });
}
