/*
 * Run by the tests as an unprivileged user: builds a skeleton in a store and prints the progress and the result.
 * Arguments: the store, then the directories to be overlaid (`host`: the ground of this host).
 */
import { hostGround } from '../../src/host/directories.ts';
import { HostError } from '../../src/host/error.ts';
import type { GroundEntry } from '../../src/host/ground.ts';
import { readHostMounts } from '../../src/host/mounts.ts';
import { ensureSkeleton } from '../../src/host/skeleton.ts';

const [store = '', ...trees] = process.argv.slice(2);

function parents(path: string): GroundEntry[] {
  const names = path.split('/').slice(1, -1);
  return names.map((_, index) => ({ kind: 'directory', path: `/${names.slice(0, index + 1).join('/')}` }));
}

const ground =
  trees[0] === 'host'
    ? hostGround({ mounts: readHostMounts(), home: store, store })
    : { entries: trees.flatMap((path): GroundEntry[] => [...parents(path), { kind: 'overlay', path }]), leftOut: [] };

try {
  const skeleton = ensureSkeleton(store, ground, (size) => process.stdout.write(`progress ${size.directories}\n`));
  process.stdout.write(`${JSON.stringify({ ...skeleton, ground })}\n`);
} catch (error) {
  if (!(error instanceof HostError)) throw error;
  process.stdout.write(`${JSON.stringify({ code: error.code, message: error.message, hint: error.hint })}\n`);
  process.exitCode = 3;
}
