import { planSandbox } from '../../sandbox/start.ts';
import { note, print } from '../../ui/output.ts';
import { printable } from '../../ui/printable.ts';
import { buildSpec, type SandboxRequest } from '../spec/build-spec.ts';
import { preparationProgress } from '../spec/preparation-progress.ts';
import { ownSurroundings } from '../spec/surroundings.ts';
import { describeOperations } from './describe-operations.ts';
import { writeLauncher } from './write-launcher.ts';

interface PlanOutput {
  readonly json: boolean;
  readonly output: string | undefined;
}

/** Takes a request and prints its plan, or writes its launcher; gives the exit status. */
export async function showPlan(request: SandboxRequest, { json, output }: PlanOutput): Promise<number> {
  const surroundings = ownSurroundings();
  const { spec, notes } = buildSpec(request, surroundings);
  for (const line of notes) note(line);
  const { operations, listing, elf } = await planSandbox(spec, preparationProgress);
  if (output !== undefined) writeLauncher(output, elf);
  if (json) print(`${JSON.stringify({ operations, systemCalls: listing.trimEnd().split('\n') }, null, 2)}\n`);
  else if (output === undefined) print(printable(`${describeOperations(operations)}\n${listing.trimEnd()}\n`));
  return 0;
}
