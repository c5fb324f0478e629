import type { Explainer } from '../launch/lower/report.ts';
import { ownCommand } from '../linux/own-command.ts';
import type { PlanInput } from '../plan/input.ts';

/** This program again, to say in full what a launcher can only name. */
export function explainer(): Explainer {
  const [executable = '', ...words] = ownCommand('__explain');
  return { executable, arguments: words, afterKill: ownCommand('__killed').slice(1) };
}

/** Gives the launcher of a new sandbox or, with the directory of an open one, of who joins that: an executable. */
export async function compileSandbox(input: PlanInput, explain: Explainer, joined?: string): Promise<Buffer> {
  const [{ compileLauncher }, { planJoin, planSandbox }] = await Promise.all([
    import('../launch/compile.ts'),
    import('../plan/plan.ts'),
  ]);
  const operations = joined === undefined ? planSandbox(input) : planJoin(input, joined);
  return compileLauncher(operations, { arch: input.facts.arch, explainer: explain }).elf();
}
