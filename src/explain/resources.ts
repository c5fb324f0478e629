import { errnoText } from '../linux/errno.ts';
import type { Explain, Explanation } from './explanation.ts';

const DOCTOR = '`sandbox doctor` checks what sandboxes need';

/** What an errno means whatever was done: resources of the machine and of the store. */
const COMMON: Readonly<Record<string, Explanation>> = {
  ENOSPC: { cause: 'the disk is full', hint: 'make room there, or set XDG_DATA_HOME to another file system' },
  EDQUOT: {
    cause: 'your quota is used up',
    hint: 'make room (see quota -s), or set XDG_DATA_HOME to another file system',
  },
  EROFS: { cause: 'the file system is read-only', hint: 'set XDG_DATA_HOME to a directory that you may write to' },
  EIO: { cause: 'the disk or the file system reports errors', hint: "see the kernel's log: sudo dmesg" },
  EMFILE: { cause: 'too many files are open', hint: 'raise the limit: ulimit -n 4096' },
  ENFILE: {
    cause: 'too many files are open on this machine',
    hint: 'raise the limit: sudo sysctl fs.file-max=1000000',
  },
  ENOMEM: { cause: 'no memory is left', hint: 'end other programs; see free -m' },
  EAGAIN: {
    cause: 'the limit of processes is reached',
    hint: "see ulimit -u, and the session's limit: systemctl show -p TasksMax user-$(id -u).slice",
  },
  ENOSYS: { cause: 'the kernel lacks this system call', hint: `Linux 5.12 or later is needed; ${DOCTOR}` },
};

export const explainCommon: Explain = ({ errno }) => COMMON[errno];

/** Gives strerror(3)'s words, for what is in no table. */
export function explainNothing(errno: string): Explanation {
  return { cause: errnoText(errno), hint: DOCTOR };
}

/** openat(2), mkdirat(2), flock(2) in the store. */
export const explainStore: Explain = ({ description, errno }) => {
  const [, name] = /^open the sandbox (\S+) in /.exec(description) ?? [];
  switch (errno) {
    case 'EAGAIN':
      return {
        cause: `${name ? `the sandbox ${name}` : 'it'} is being opened or removed by another process at this moment`,
        hint: 'try again: once it is open, a second `shell` joins it',
      };
    case 'ENOENT':
      return { cause: 'it was removed meanwhile', hint: 'try again' };
    case 'EACCES':
    case 'EPERM':
      return {
        cause: 'the store is not yours to write to',
        hint: 'see ls -ld on it, or set XDG_DATA_HOME to a directory of your own',
      };
    case 'ELOOP':
    case 'ENOTDIR':
      return { cause: 'something that is no directory, or a symbolic link, is in its place', hint: 'move it away' };
    default:
      return undefined;
  }
};

/** Mounting: ENOSPC is fs.mount-max; mount_namespaces(7). */
export const explainMountLimit: Explain = ({ errno }) =>
  errno === 'ENOSPC'
    ? {
        cause: 'too many mounts, or no room on the disk or in memory',
        hint: 'raise the limit: sudo sysctl fs.mount-max=200000; see df -h',
      }
    : undefined;
