import { existsSync, readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { packageVersions } from '../ground/packages.ts';

/** Gives what the numbers depend on, a line each: the processor, the kernel, the system, and the versions of all. */
export function machineLines(node: string): string[] {
  const text = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const system = /^PRETTY_NAME="?([^"\n]*)/m.exec(text)?.[1] ?? 'unknown';
  const all = cpus();
  const versions = [...packageVersions()]
    .filter(([name]) => !['mmdebstrap', 'strace', 'skopeo'].includes(name))
    .map(([name, version]) => `${name} ${version ?? 'not installed'}`);
  return [
    `processor: ${all.length} × ${all[0]?.model.trim() ?? 'unknown'}; memory: ${Math.round(totalmem() / 2 ** 30)} GiB`,
    `kernel: Linux ${release()}; system: ${system}`,
    `Node: ${node}`,
    `peers: ${versions.join(', ')}`,
  ];
}
