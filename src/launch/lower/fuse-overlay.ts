import { FCNTL } from '../../linux/constants/descriptor.ts';
import { CLONE } from '../../linux/constants/process.ts';
import { failedWith, flags, type Slot } from '../argument.ts';
import type { MountAttributes, OverlayLayers, SetupOp } from '../operations.ts';
import { close, HERE, type Lowering, openFlags } from './context.ts';
import { attach, attachRoot, newMount } from './detached-mount.ts';
import { startProgram } from './program.ts';

type Operation<Name extends SetupOp['op']> = Extract<SetupOp, { op: Name }>;

/** The number of the FUSE connection's descriptor, in a mount option and on a command line. */
const CONNECTION = 99;
/** Descriptors from here on are layers. */
const FIRST_LAYER = 100;
/** In the sandbox's directory: what the program says, and the most of it that is passed on. */
const LOG = 'fuse-overlayfs.log';
const LOG_SIZE = 2048;

export function mountRootFuseOverlay(lowering: Lowering, operation: Operation<'mountRootFuseOverlay'>): void {
  mountFuse(lowering, operation, { noSuid: true, noDev: true }, lowering.root);
  attachRoot(lowering);
}

export function fuseOverlay(lowering: Lowering, operation: Operation<'fuseOverlay'>): void {
  const mount = lowering.builder.scratch('fuse overlay');
  mountFuse(lowering, operation, operation.attributes, mount);
  attach(lowering, mount, operation.target);
}

/**
 * Mounts a FUSE file system and starts the program that serves it; fuse(4), and libfuse's fuse_session_mount() for `/dev/fd/N`
 * in place of a mount point. Requests wait until it does, so nothing else has to.
 *
 * It has a mount namespace of its own: it opens files through /proc/self/fd, and in init's that path leads, from pivot_root(2)
 * on, into the file system that it serves itself. In the sandbox's pid namespace it ends with init. It keeps all capabilities,
 * so no process of the sandbox, which has fewer, may trace it or follow /proc/PID/root: ptrace(2), PTRACE_MODE_READ.
 */
function mountFuse(
  lowering: Lowering,
  { program, layers }: { readonly program: string; readonly layers: OverlayLayers },
  attributes: MountAttributes,
  result: Slot,
): void {
  const { builder } = lowering;
  const device = builder.scratch('fuse device');
  const log = builder.scratch('fuse log');
  const pid = builder.scratch('fuse server');
  builder.syscall('openat', [HERE, builder.string('/dev/fuse'), openFlags(builder, 'O_RDWR'), 0], { result: device });
  builder.syscall('dup3', [device, CONNECTION, openFlags(builder)]);
  close(builder, device);
  const options: ReadonlyArray<readonly [string, string?]> = [
    ['source', 'fuse-overlayfs'],
    ['fd', String(CONNECTION)],
    ['rootmode', '40000'],
    ['user_id', '0'],
    ['group_id', '0'],
    ['default_permissions'],
    ['allow_other'],
  ];
  newMount(builder, 'fuse', options, attributes, result);
  const logFlags = openFlags(builder, 'O_RDWR', 'O_CREAT', 'O_TRUNC', 'O_NOFOLLOW');
  builder.syscall('openat', [HERE, builder.string(LOG), logFlags, 0o600], { result: log });
  const argv = [program, '-f', '-o', programOptions(layers), `/dev/fd/${CONNECTION}`];
  const environment = builder.words([0], '[]');
  startProgram(lowering, { argv, environment, text: JSON.stringify(argv) }, pid, () => {
    // Ctrl-C at the terminal is meant for the command.
    builder.syscall('setsid', []);
    builder.syscall('unshare', [flags(CLONE, 'CLONE_NEWNS')]);
    builder.syscall('fcntl', [CONNECTION, flags(FCNTL, 'F_SETFD'), 0]);
    builder.syscall('dup3', [log, 2, 0]);
    passLayers(lowering, layers.lower);
  });
  builder.syscall('close', [CONNECTION]);
  awaitServer(lowering, result, log);
}

/**
 * The first request is answered when the program serves; ENOTCONN and ECONNABORTED mean that it has ended. What it said, which
 * it also does when all is well, is only passed on then.
 */
function awaitServer({ builder }: Lowering, mount: Slot, log: Slot): void {
  const entry = builder.scratch('first entry');
  const missing = builder.label('no first entry');
  const serves = builder.label('program serves');
  builder.syscall('openat', [mount, builder.string('proc'), openFlags(builder, 'O_PATH', 'O_NOFOLLOW'), 0], {
    result: entry,
    onError: missing,
  });
  close(builder, entry);
  builder.jump(serves);
  builder.place(missing);
  builder.branch(builder.outcome, 'equal', failedWith('ENOENT'), serves);
  const failure = builder.scratch('first answer');
  const said = builder.buffer(LOG_SIZE, '&what it said');
  const size = builder.scratch('size of what it said');
  const told = builder.label('what it said is told');
  builder.move(failure, builder.outcome);
  builder.syscall('pread64', [log, said, LOG_SIZE, 0], { result: size, onError: told });
  builder.syscall('write', [2, said, size], { onError: 'ignore' });
  builder.place(told);
  builder.move(builder.outcome, failure);
  builder.jump(builder.onFailure);
  builder.place(serves);
  close(builder, log);
}

/** Characters with a meaning for libfuse's option parser or for the program itself. */
const hasMeaning = (path: string): boolean => /[\\,:]/.test(path);

/** A layer whose path cannot be written into an option is named by a descriptor, which the program looks up at once. */
function layerName(path: string, index: number): string {
  return hasMeaning(path) ? `/proc/self/fd/${FIRST_LAYER + index}` : path;
}

function passLayers({ builder }: Lowering, lower: readonly string[]): void {
  const opened = builder.scratch('layer');
  lower.forEach((path, index) => {
    if (!hasMeaning(path)) return;
    builder.syscall('openat', [HERE, builder.string(path), openFlags(builder, 'O_PATH', 'O_DIRECTORY'), 0], {
      result: opened,
    });
    builder.syscall('dup3', [opened, FIRST_LAYER + index, 0]);
  });
}

/**
 * fuse-overlayfs(1). What the kernel holds back from the program is lost when init's end kills it, so a sandbox that is kept
 * writes through.
 */
function programOptions({ lower, upper, volatile }: OverlayLayers): string {
  const options = [`lowerdir=${lower.map(layerName).join(':')}`];
  if (upper) options.push(`upperdir=${upper.directory}`, `workdir=${upper.work}`);
  options.push(volatile ? 'volatile' : 'writeback=0');
  return options.join(',');
}
