import { ratioGoal, type Section } from '../goals.ts';
import type { Account } from '../ground/account.ts';
import type { Ground } from '../ground/ground.ts';
import { measureInTurns } from '../measure/interleaved.ts';
import { refusal } from '../measure/process.ts';
import type { Candidate } from '../peers/candidate.ts';
import { runOnDebian } from '../peers/sandbox.ts';
import type { Result } from '../sections.ts';
import type { Beds } from './beds.ts';

const OPTIONS = ['--network', 'none', '--workspace', 'none'];

/** An image that is here, beside the same system in a directory. */
export function runImage(ground: Ground, beds: Beds, runs: number): Result {
  const accounts = ground.full === ground.bare ? [ground.full] : [ground.full, ground.bare];
  const pairs = accounts.map((account) => [imageRun(ground, beds, account), runOnDebian(ground, account)] as const);
  const [own, reference] = pairs[0] ?? [];
  const section: Section = {
    title: 'A command in an image that is here',
    unit: 'ms',
    outcomes: measureInTurns(pairs.flat(), runs),
    reference: reference?.name ?? '',
  };
  return { section, goals: [ratioGoal(section, own?.name ?? '', reference?.name ?? '', [1.1, 1.1])] };
}

function imageRun({ sandbox }: Ground, { host }: Beds, account: Account): Candidate {
  const name = `sandbox run DEBIAN-IMAGE -- true (${account.subordinate ? 'subordinate ids' : 'one id'})`;
  const image = `${host}/debian:bookworm`;
  const reason = refusal({ argv: [sandbox, 'image', 'pull', '--quiet', image], account });
  if (reason !== undefined) return { name, command: undefined, reason };
  return { name, command: { argv: [sandbox, 'run', ...OPTIONS, image, '--', 'true'], account } };
}
