import { release } from 'node:os';

export interface KernelVersion {
  readonly major: number;
  readonly minor: number;
}

/** Takes uname(2)'s release ('6.1.0-18-amd64', '5.15.153.1-microsoft-standard-WSL2'). Gives undefined else. */
export function parseKernelVersion(text: string): KernelVersion | undefined {
  const match = /^(\d{1,4})\.(\d{1,4})(?!\d)/.exec(text);
  return match ? { major: Number(match[1]), minor: Number(match[2]) } : undefined;
}

/** Gives the running kernel's version. Throws a RangeError for a release that does not start with two numbers. */
export function kernelVersion(text: string = release()): KernelVersion {
  const version = parseKernelVersion(text);
  if (!version)
    throw new RangeError(`kernel release ${JSON.stringify(text)} does not start with a version such as 6.1`);
  return version;
}

/** Whether a version is the given one or a later one. Vendors port features back: prefer to ask the kernel itself. */
export function atLeast(version: KernelVersion, major: number, minor: number): boolean {
  return version.major > major || (version.major === major && version.minor >= minor);
}
