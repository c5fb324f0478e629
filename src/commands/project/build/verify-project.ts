import { surveyHost } from '../../../host/survey.ts';
import type { TreeDifference } from '../../../image/pack/messages.ts';
import { currentDirectory } from '../../../linux/proc-self.ts';
import { type VerifiedStep, verifyEnvironment } from '../../../project/build/verify.ts';
import { expectProject } from '../../../project/find.ts';
import { note, print } from '../../../ui/output.ts';
import { printable } from '../../../ui/printable.ts';
import { interruptible } from '../../image/interrupted.ts';
import { isFrozen } from '../prepare.ts';
import { prepareAnew } from '../prepare-anew.ts';
import { buildProgress } from './progress.ts';

const DIFFERENT = 1;

/** Runs the steps of an environment again and prints what differs. Gives the exit status. */
export async function verifyProject(
  name: string,
  { quiet, json }: { readonly quiet: boolean; readonly json: boolean },
): Promise<number> {
  const directory = expectProject(currentDirectory());
  const prepared = await prepareAnew({ directory, environment: name, frozen: isFrozen(undefined), quiet });
  const { project, environment, built, base, shared } = prepared;
  if (built === undefined || base === undefined) {
    note(`${name} has no steps: it is this machine's own system`);
    return 0;
  }
  const progress = buildProgress({ quiet });
  const verified: VerifiedStep[] = [];
  const show = (each: VerifiedStep): void => {
    verified.push(each);
    if (json) return;
    progress.end();
    print(stepText(each, built.steps.length));
  };
  await interruptible(async (signal) => {
    const request = {
      facts: surveyHost(),
      project,
      environment,
      base,
      results: 'anew',
      sharedCaches: shared,
      events: progress.events,
      signal,
    } as const;
    await verifyEnvironment(request, built, show);
  }).finally(progress.end);
  if (json) print(`${JSON.stringify({ environment: name, steps: verified.map(asJson) }, null, 2)}\n`);
  return verified.every(isSame) ? 0 : DIFFERENT;
}

function isSame({ stored, again }: VerifiedStep): boolean {
  return stored === again;
}

function stepText(verified: VerifiedStep, of: number): string {
  const { step, differences, count } = verified;
  const head = `[${step.number}/${of}] ${printable(step.name)}:`;
  if (isSame(verified)) return `${head} the same\n`;
  const lines = differences.map((difference) => `  ${differenceText(difference)}\n`).join('');
  const more = count > differences.length ? `  and ${count - differences.length} more\n` : '';
  return `${head} ${count} ${count === 1 ? 'difference' : 'differences'}\n${lines}${more}`;
}

function differenceText({ path, aspect, a, b }: TreeDifference): string {
  const name = printable(`/${path}`);
  if (aspect === 'missing') return `${name}: was not made again`;
  if (aspect === 'added') return `${name}: is new`;
  return `${name}: another ${aspect}${a === undefined || b === undefined ? '' : ` (${printable(a)}, now ${printable(b)})`}`;
}

function asJson({ step, stored, again, differences, count }: VerifiedStep): unknown {
  return { number: step.number, name: step.name, same: stored === again, stored, again, count, differences };
}
