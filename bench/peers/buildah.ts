import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import type { Ground } from '../ground/ground.ts';
import { which } from '../ground/packages.ts';
import { refusal } from '../measure/process.ts';
import { type Candidate, notInstalled } from './candidate.ts';

/** Names: of the image that is built on, and of the ways to build. */
export const BUILD = {
  base: 'localhost/debian:bench-build',
  /** One layer for all steps: what it does unless it is told otherwise. */
  whole: 'buildah bud',
  /** A layer for each step. */
  layers: 'buildah bud --layers',
} as const;

/** As an ordinary user has it, with the kernel's overlay; `write` puts the Dockerfile of the next run into `context`. */
export function buildah({ full, debian }: Ground, context: string, write: () => void): Candidate[] {
  const program = which('buildah');
  if (program === undefined) return [BUILD.whole, BUILD.layers].map((name) => notInstalled(name, 'buildah'));
  const root = debian.get(full);
  if (root === undefined) {
    return [BUILD.whole, BUILD.layers].map((name) => ({ name, command: undefined, reason: 'no root file system' }));
  }
  const store = ['--root', `${full.home}/buildah`, '--runroot', `${full.runtimeDirectory}/b`];
  const argv = [program, ...store, '--storage-driver', 'overlay'];
  const env = { BUILDAH_RUNTIME: 'crun', XDG_CONFIG_HOME: `${full.home}/buildah-config` };
  const prepared = importBase({ argv, context: `${full.home}/buildah-base`, root, full, env });
  return [BUILD.whole, BUILD.layers].map((name) => {
    const words = name === BUILD.layers ? ['--layers'] : [];
    if (prepared !== undefined) return { name, command: undefined, reason: prepared };
    const command = {
      argv: [...argv, 'bud', '--quiet', '--network', 'none', ...words, '--tag', 'bench', context],
      account: full,
      env,
      cwd: context,
    };
    return { name, command, reset: write };
  });
}

interface Base {
  readonly argv: readonly string[];
  readonly context: string;
  readonly root: string;
  readonly full: Ground['full'];
  readonly env: Readonly<Record<string, string>>;
}

/** Makes the image that is built on, from a Debian root file system. */
function importBase({ argv, context, root, full, env }: Base): string | undefined {
  mkdirSync(context, { recursive: true });
  execFileSync('tar', ['-C', root, '--owner=0', '--group=0', '--numeric-owner', '-cf', `${context}/debian.tar`, '.']);
  writeFileSync(`${context}/Dockerfile`, 'FROM scratch\nADD debian.tar /\n');
  for (const path of [context, `${context}/Dockerfile`, `${context}/debian.tar`]) chownSync(path, full.uid, full.gid);
  return refusal({ argv: [...argv, 'bud', '--quiet', '--tag', BUILD.base, context], account: full, env, cwd: context });
}
