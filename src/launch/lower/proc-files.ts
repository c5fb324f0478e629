import { RESOLVE } from '../../linux/constants/open.ts';
import { failedWith, flags, type Slot } from '../argument.ts';
import type { ProgramBuilder } from '../builder.ts';
import { close, type Lowering, openFlags, openInRoot } from './context.ts';

/** f_type of struct statfs on a procfs, and the size of that on 64-bit machines: uapi/linux/magic.h, statfs(2). */
const PROC_SUPER_MAGIC = 0x9fa0;
const STATFS_SIZE = 120;

/**
 * Opens a file of /proc to write to. It is the kernel's, or the step fails: what lies at /proc must be a procfs, nothing may be
 * mounted over what is opened, and no link is followed (CVE-2025-52881: a write to procfs that went elsewhere).
 */
export function openProcFile(lowering: Lowering, path: string, result: Slot): void {
  const directory = lowering.builder.scratch('procfs');
  openInRoot(lowering, '/proc', ['O_PATH', 'O_DIRECTORY', 'O_NOFOLLOW'], { result: directory });
  openBeneathProc(lowering.builder, directory, path, result);
}

/** The same beneath a descriptor of what should be the root of a procfs, which is closed. */
export function openBeneathProc(builder: ProgramBuilder, directory: Slot, path: string, result: Slot): void {
  const type = builder.scratch('type of the file system');
  const isProc = builder.label('is a procfs');
  const status = builder.buffer(STATFS_SIZE, '&statfs');
  builder.syscall('fstatfs', [directory, status]);
  builder.load(type, 64, status, 0);
  builder.branch(type, 'equal', PROC_SUPER_MAGIC, isProc);
  builder.move(builder.outcome, failedWith('EXDEV'));
  builder.jump(builder.onFailure);
  builder.place(isProc);
  const how = openFlags(builder, 'O_WRONLY', 'O_NOFOLLOW');
  const resolve = flags(RESOLVE, 'RESOLVE_BENEATH', 'RESOLVE_NO_XDEV', 'RESOLVE_NO_SYMLINKS', 'RESOLVE_NO_MAGICLINKS');
  const text = `{flags=${how.text}, resolve=${resolve.text}}`;
  builder.syscall(
    'openat2',
    [directory, builder.string(path), builder.words([how.value, 0, resolve.value], text), 24],
    { result },
  );
  close(builder, directory);
}
