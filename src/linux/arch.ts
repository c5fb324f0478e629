/** The two architectures launchers are written for, by the kernel's names (uname -m). */
export type Arch = 'x86_64' | 'aarch64';

/** Takes Node's name of an architecture (`process.arch`) and gives the kernel's. Throws a RangeError for any other. */
export function hostArch(nodeArch: string = process.arch): Arch {
  switch (nodeArch) {
    case 'x64':
      return 'x86_64';
    case 'arm64':
      return 'aarch64';
    default:
      throw new RangeError(`architecture '${nodeArch}' is not supported: only x64 (x86_64) and arm64 (aarch64) are`);
  }
}
