import { planSandbox } from '../../sandbox/start.ts';
import { note, print } from '../../ui/output.ts';
import { printable } from '../../ui/printable.ts';
import { buildSpec, type SandboxRequest } from '../spec/build-spec.ts';
import { preparationProgress } from '../spec/preparation-progress.ts';
import { resolveRoot } from '../spec/resolve-root.ts';
import type { RootRequest } from '../spec/root.ts';
import { ownSurroundings } from '../spec/surroundings.ts';
import { describeOperations } from './describe-operations.ts';
import { writeLauncher } from './write-launcher.ts';

interface PlanOutput {
  readonly json: boolean;
  readonly output: string | undefined;
}

type PlanRequest = Pick<SandboxRequest, 'options' | 'command'> & { readonly root: RootRequest };

/** Takes what `run` would be given and prints its plan, or writes its launcher; gives the exit status. */
export async function showPlan(request: PlanRequest, { json, output }: PlanOutput): Promise<number> {
  const root = await resolveRoot(request.root, request.options);
  const { spec, notes } = buildSpec(
    { ...request, root, lifetime: { kind: 'ephemeral' }, purpose: 'run', profile: 'dev' },
    ownSurroundings(),
  );
  for (const line of notes) note(line);
  const { operations, listing, elf } = await planSandbox(spec, preparationProgress);
  if (output !== undefined) writeLauncher(output, elf);
  if (json) print(`${JSON.stringify({ operations, systemCalls: listing.trimEnd().split('\n') }, null, 2)}\n`);
  else if (output === undefined) print(printable(`${describeOperations(operations)}\n${listing.trimEnd()}\n`));
  return 0;
}
