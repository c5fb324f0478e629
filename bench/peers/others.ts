import type { Ground } from '../ground/ground.ts';
import { which } from '../ground/packages.ts';
import { type Candidate, notInstalled } from './candidate.ts';

function program(name: string, file: string, words: readonly string[], { bare }: Ground): Candidate {
  const path = which(file);
  return path === undefined ? notInstalled(name, file) : { name, command: { argv: [path, ...words], account: bare } };
}

/** What starting any program costs here. */
export function forkAndExec(ground: Ground): Candidate {
  return program('fork + exec of true', 'true', [], ground);
}

/** The namespaces alone, with the two forks that a pid namespace needs. */
export function unshare(ground: Ground): Candidate {
  return program('unshare, all namespaces', 'unshare', ['-Urmpinu', '--fork', which('true') ?? 'true'], ground);
}

export function firejail(ground: Ground): Candidate {
  return program('firejail --noprofile', 'firejail', ['--quiet', '--noprofile', which('true') ?? 'true'], ground);
}

/** Node, as it is in the built file, without anything of ours. */
export function node({ node: path, bare }: Ground): Candidate {
  return { name: 'node -e 0', command: { argv: [path, '-e', '0'], account: bare } };
}
