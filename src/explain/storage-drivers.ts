import { checkFuse } from '../doctor/devices.ts';
import { type Explain, PROGRAM_FAILED } from './explanation.ts';

const OTHER_DRIVER = 'use another one: --storage-driver copy, or native where the kernel allows it';

/** /dev/fuse, the mount, and the program that serves it; fuse(4). */
export const explainFuseOverlay: Explain = ({ errno }, host) => {
  switch (errno) {
    case 'ENOTCONN':
    case 'ECONNABORTED':
    case 'EIO':
      return { cause: 'the program ended at once; what it said is above', hint: OTHER_DRIVER };
    case 'ENOENT':
    case 'ENODEV':
    case 'ENXIO':
      return { cause: 'the kernel has no FUSE', hint: 'sudo modprobe fuse' };
    case 'EACCES':
    case 'EPERM': {
      const [found] = checkFuse(host);
      const remedy = found?.remedy ?? 'sudo chmod 0666 /dev/fuse';
      return {
        cause: found?.state === 'ok' ? 'a FUSE mount is not allowed' : '/dev/fuse may not be opened',
        hint: remedy,
      };
    }
    default:
      return undefined;
  }
};

export const explainCopy: Explain = ({ errno }) =>
  errno === PROGRAM_FAILED ? { cause: 'it failed; what went wrong is above' } : undefined;
