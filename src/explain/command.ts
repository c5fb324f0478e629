import { checkSubordinateIds } from '../doctor/subordinate-ids.ts';
import type { Explain } from './explanation.ts';

export const explainDirectory: Explain = ({ errno }) => {
  switch (errno) {
    case 'ENOENT':
      return {
        cause: 'there is no such directory in the sandbox',
        hint: 'choose another one with -w DIR, or bring it in with -v DIR:DIR',
      };
    case 'ENOTDIR':
      return { cause: 'it is not a directory', hint: 'choose another one with -w DIR' };
    case 'EACCES':
      return {
        cause: 'the user in the sandbox may not enter it',
        hint: 'choose another directory with -w DIR, or another user with -u USER',
      };
    default:
      return undefined;
  }
};

/** setresuid(2), setresgid(2): EINVAL for an id that the map does not have. */
export const explainUser: Explain = ({ errno }, host) => {
  if (errno !== 'EINVAL' && errno !== 'EPERM') return undefined;
  const finding = checkSubordinateIds(host).find(({ state }) => state !== 'ok');
  return {
    cause: finding ? `the id does not exist in the sandbox: ${finding.detail}` : 'the id does not exist in the sandbox',
    hint: finding?.remedy ?? 'use an id below 65536',
  };
};

/** seccomp(2), prctl(2), capset(2). */
export const explainConfinement: Explain = ({ errno }) => {
  switch (errno) {
    case 'EINVAL':
      return {
        cause: 'the kernel cannot do that',
        hint: 'use a kernel with CONFIG_SECCOMP_FILTER=y, Linux 5.12 or later',
      };
    case 'EPERM':
    case 'EACCES':
      return {
        cause: 'the surroundings forbid it: a security module, or the seccomp filter of a container or service',
        hint: '`sandbox doctor` looks for it',
      };
    default:
      return undefined;
  }
};

export const explainExecute: Explain = ({ errno }) => {
  switch (errno) {
    case 'EPERM':
      return {
        cause: 'the file system or a security module forbids to execute it',
        hint: "see the kernel's log: sudo dmesg",
      };
    case 'ELOOP':
      return { cause: 'its symbolic links lead in a circle', hint: 'name the real file' };
    case 'ENAMETOOLONG':
      return { cause: 'the name is too long', hint: 'put the arguments after the command, as words of their own' };
    default:
      return undefined;
  }
};
