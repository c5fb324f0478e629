import { fstatSync } from 'node:fs';

/**
 * Major numbers of terminals: consoles and serial lines, /dev/tty and /dev/console, pseudo-terminals, serial lines of arm,
 * consoles of hypervisors. Documentation/admin-guide/devices.txt.
 */
const MAJORS = new Set([4, 5, 136, 137, 138, 139, 140, 141, 142, 143, 204, 229]);

/** Whether a descriptor is a terminal. Node's own isatty is in a module that takes milliseconds to load. */
export function isTerminal(descriptor: number): boolean {
  try {
    const about = fstatSync(descriptor);
    // makedev(3): the low twelve bits of the major number begin at bit 8.
    return about.isCharacterDevice() && MAJORS.has((about.rdev >> 8) & 0xfff);
  } catch {
    return false;
  }
}
