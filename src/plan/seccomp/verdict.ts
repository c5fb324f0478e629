import { SECCOMP_RET } from '../../linux/constants/seccomp.ts';
import type { SeccompAction } from './profile.ts';

/** The low 16 bits of what a filter returns: the errno. */
const DATA_MASK = 0xffff;

/** Gives what a filter returns for an action, unsigned: seccomp(2), "SECCOMP_RET_…". */
export function returnValue(action: SeccompAction): number {
  switch (action.kind) {
    case 'allow':
      return SECCOMP_RET.SECCOMP_RET_ALLOW;
    case 'log':
      return SECCOMP_RET.SECCOMP_RET_LOG;
    case 'fail':
      return SECCOMP_RET.SECCOMP_RET_ERRNO + (action.errno & DATA_MASK);
    case 'trap':
      return SECCOMP_RET.SECCOMP_RET_TRAP;
    case 'killThread':
      return SECCOMP_RET.SECCOMP_RET_KILL_THREAD;
    case 'kill':
      return SECCOMP_RET.SECCOMP_RET_KILL_PROCESS;
  }
}

/** The errno with which calls fail where a filter returns this, or undefined where they do not fail. */
export function failsWith(value: number): number | undefined {
  return value - (value & DATA_MASK) === SECCOMP_RET.SECCOMP_RET_ERRNO ? value & DATA_MASK : undefined;
}
