import { checkContainer } from '../doctor/container.ts';
import type { Explain } from './explanation.ts';
import { forbidden } from './namespaces.ts';

/** bind, mountRootDirectory: open_tree(2), mount_setattr(2), move_mount(2) with both paths unknown to us. */
export const explainBind: Explain = ({ errno }, host) => {
  switch (errno) {
    case 'ENOENT':
      return {
        cause: 'the directory or file is not there any more, or has no place in the sandbox',
        hint: 'check that it exists; it may have been removed or renamed meanwhile',
      };
    case 'EACCES':
      return {
        cause: 'you may not search a directory on the way to it',
        hint: 'ask for x permission on every directory above it (see namei -l), or choose another place',
      };
    case 'ENOTDIR':
      return {
        cause: 'one is a directory and the other is not, or something on the way is a file',
        hint: 'mount a directory on a directory, and a file on a file',
      };
    case 'EXDEV':
    case 'ELOOP':
      return {
        cause: 'a symbolic link on the way leads in a circle, out of the sandbox, or to files of the kernel',
        hint: 'name the real path',
      };
    case 'EINVAL':
      return {
        cause: 'the host has mounts below it that must not be uncovered, or it cannot be mounted (unbindable)',
        hint: 'name a directory without mounts below it: findmnt shows them',
      };
    case 'EPERM':
      return forbidden(host);
    default:
      return undefined;
  }
};

/** mount_too_revealing() in fs/namespace.c: a fresh /proc is refused where parts of ours are covered. */
/** /proc and /sys: a link there would put the kernel's files in another place than those that are hidden later. */
export const explainKernelPlace: Explain = ({ errno }) =>
  errno === 'ENOTDIR' || errno === 'ELOOP'
    ? {
        cause: 'the root file system has a link or a file there, which would lead elsewhere',
        hint: 'make /proc and /sys directories in the root file system; an image like this one is not to be trusted',
      }
    : undefined;

export const explainProc: Explain = ({ errno }, host) => {
  if (errno !== 'EPERM' && errno !== 'EACCES') return undefined;
  const covered = checkContainer(host).find(({ state }) => state === 'error');
  if (covered) return { cause: covered.detail, ...(covered.remedy ? { hint: covered.remedy } : {}) };
  const { cause, hint } = forbidden(host);
  return { cause: `parts of /proc are covered, or ${cause}`, ...(hint === undefined ? {} : { hint }) };
};

export const explainTerminals: Explain = ({ op, errno }, host) => {
  switch (errno) {
    case 'ENODEV':
      return {
        cause: 'the kernel has no pseudo-terminals of this kind',
        hint: 'use a kernel with CONFIG_UNIX98_PTYS=y',
      };
    case 'ENOSPC':
      return { cause: 'all pseudo-terminals are in use', hint: 'raise the limit: sudo sysctl kernel.pty.max=8192' };
    case 'ENOENT':
    case 'ENXIO':
      return {
        cause: 'the sandbox has no /dev/pts/ptmx',
        hint: 'leave -t out: the command uses your terminal as it is',
      };
    case 'EINVAL':
      return {
        cause: 'the group tty (5) does not exist in the sandbox',
        hint: '`sandbox doctor` checks the group ids',
      };
    case 'EPERM':
    case 'EACCES':
      return op === 'devpts' ? forbidden(host) : undefined;
    default:
      return undefined;
  }
};

export const explainPivot: Explain = ({ errno }) =>
  errno === 'EINVAL'
    ? {
        cause: 'the system runs from an initial ram disk or in a chroot, where the root cannot be changed',
        hint: 'run it from the installed system, outside of the chroot',
      }
    : undefined;

/** makeDirectory, makeFile: mkdirat(2) and openat2(2) on the way to a place inside that something is to be mounted on. */
export const explainPlace: Explain = ({ errno }) => {
  switch (errno) {
    case 'EROFS':
      return {
        cause: 'it would lie in something that is shown read-only',
        hint: 'make the directory on the host first, or choose a place outside of it',
      };
    case 'EACCES':
      return {
        cause: 'a directory on the way may not be written to',
        hint: 'make the directory on the host first, or choose another place',
      };
    case 'ENOENT':
    case 'ENOTDIR':
      return {
        cause: 'something on the way is no directory inside, or a symbolic link that leads nowhere there',
        hint: 'name the place without symbolic links',
      };
    default:
      return undefined;
  }
};
