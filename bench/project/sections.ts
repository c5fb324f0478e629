import { mkdirSync } from 'node:fs';
import { ratioGoal, type Section } from '../goals.ts';
import type { Account } from '../ground/account.ts';
import type { Ground } from '../ground/ground.ts';
import type { Beds } from '../images/beds.ts';
import { measureInTurns } from '../measure/interleaved.ts';
import { typicalBubblewrap } from '../peers/bubblewrap.ts';
import { BUILD, buildah } from '../peers/buildah.ts';
import type { Candidate } from '../peers/candidate.ts';
import { forkAndExec, node } from '../peers/others.ts';
import type { Result } from '../sections.ts';
import { type BenchProject, makeProject, tomlOf, twelveScripts, writeFor } from './project.ts';

/** What takes a few milliseconds is run more often. */
const OFTEN = 5;

const ids = ({ subordinate }: Account): string => (subordinate ? 'subordinate ids' : 'one id');

function image({ host }: Beds): string {
  return `${host}/debian:bookworm`;
}

function candidate(name: string, { account, directory, reason }: BenchProject, argv: readonly string[]): Candidate {
  if (reason !== undefined) return { name, command: undefined, reason };
  return { name, command: { argv, account, cwd: directory } };
}

/** A compiled command of a project, beside bubblewrap on the same root file system. */
export function shim(ground: Ground, beds: Beds, runs: number): Result {
  const accounts = ground.full === ground.bare ? [ground.bare] : [ground.bare, ground.full];
  const shims = accounts.map((account) => {
    const toml = tomlOf(image(beds), [], 'shims = ["true"]');
    const project = makeProject(ground, account, 'shims', { toml, prepare: [['shim']] });
    return candidate(`shim \`true\` (${ids(account)})`, project, [`${project.directory}/.sandbox/bin/true`]);
  });
  const peer = typicalBubblewrap(ground);
  const section: Section = {
    title: 'A shim of a project',
    unit: 'ms',
    outcomes: measureInTurns([forkAndExec(ground), peer, ...shims], runs * OFTEN),
    reference: peer.name,
  };
  return { section, goals: [ratioGoal(section, shims[0]?.name ?? '', peer.name, [0.8, 0.7])] };
}

/** A shell in a project that is built, and a build with nothing to do. */
export function built(ground: Ground, beds: Beds, runs: number): Result {
  const { bare, sandbox } = ground;
  const toml = tomlOf(image(beds), twelveScripts('built'));
  const project = makeProject(ground, bare, 'built', { toml, prepare: [['build', '--quiet']] });
  const shell = candidate('sandbox shell -c true, in a built project', project, [sandbox, 'shell', '-c', 'true']);
  const rebuild = candidate('sandbox build, nothing changed', project, [sandbox, 'build']);
  const peer = node(ground);
  const section: Section = {
    title: 'A project of twelve steps that is built',
    unit: 'ms',
    outcomes: measureInTurns([peer, shell, rebuild], runs),
    reference: peer.name,
  };
  return {
    section,
    goals: [
      ratioGoal(section, shell.name, peer.name, [2.2, 1.8]),
      ratioGoal(section, rebuild.name, peer.name, [2.5, 1.8]),
    ],
  };
}

/** Twelve steps of which there is no result, beside the same as a Dockerfile. */
export function cold(ground: Ground, beds: Beds, runs: number): Result {
  const { full, sandbox } = ground;
  const prepare = [['build', '--quiet']];
  const project = makeProject(ground, full, 'cold', { toml: tomlOf(image(beds), []), prepare });
  let count = 0;
  const own: Candidate = {
    ...candidate('sandbox build, 12 steps, cold', project, [sandbox, 'build', '--quiet']),
    // Each time other content, of which no result and no layer can be there.
    reset: () =>
      writeFor(full, `${project.directory}/sandbox.toml`, tomlOf(image(beds), twelveScripts(`run ${count++}`))),
  };
  const context = `${full.home}/buildah-context`;
  mkdirSync(context, { recursive: true });
  const dockerfile = (): void => {
    const steps = twelveScripts(`run ${count++}`).map((script) => `RUN ${script}\n`);
    writeFor(full, `${context}/Dockerfile`, `FROM ${BUILD.base}\n${steps.join('')}`);
  };
  const peers = buildah(ground, context, dockerfile);
  const section: Section = {
    title: 'Twelve setup steps without a network, cold',
    unit: 'ms',
    outcomes: measureInTurns([own, ...peers], runs, 1),
    reference: BUILD.whole,
  };
  return { section, goals: [ratioGoal(section, own.name, BUILD.whole, [0.6, 0.4])] };
}
