import { planSandbox } from '../../sandbox/start.ts';
import { note, print } from '../../ui/output.ts';
import { printable } from '../../ui/printable.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { buildSpec, type SandboxRequest } from '../spec/build-spec.ts';
import { preparationProgress } from '../spec/preparation-progress.ts';
import { resolveRoot } from '../spec/resolve-root.ts';
import type { RootRequest } from '../spec/root.ts';
import { ownSurroundings } from '../spec/surroundings.ts';
import { describeOperations } from './describe-operations.ts';
import { describeProfile, profileSettings, withoutSecrets } from './describe-profile.ts';
import { writeLauncher } from './write-launcher.ts';

interface PlanOutput {
  readonly json: boolean;
  readonly output: string | undefined;
}

type PlanRequest = Pick<SandboxRequest, 'options' | 'command'> & { readonly root: RootRequest };

/** Takes what `run` would be given and gives the sandbox that it would be. */
export async function planOf(request: PlanRequest): Promise<SandboxRequest> {
  const root = await resolveRoot(request.root, request.options);
  return { ...request, root, lifetime: { kind: 'ephemeral' }, purpose: 'run', profile: undefined };
}

/** Prints the plan of a sandbox, or writes its launcher; gives the exit status. */
export async function showPlan(request: SandboxRequest, { json, output }: PlanOutput): Promise<number> {
  const { spec, notes } = await buildSpec(request, ownSurroundings());
  for (const line of notes) note(line);
  if (output !== undefined && spec.secrets.length > 0) {
    throw new UsageError('--output: the launcher would hold the secret', {
      hint: 'a launcher is a file that stays; leave out --output, or --secret and --x11',
    });
  }
  if (output !== undefined && spec.limits !== undefined) {
    throw new UsageError('--output: a launcher in a file makes no control group', {
      hint: 'leave out the limits, and start it with: systemd-run --user --scope -p MemoryMax=… ./FILE',
    });
  }
  const { operations, listing, elf } = await planSandbox(withoutSecrets(spec), preparationProgress);
  const profile = profileSettings(spec, operations);
  if (output !== undefined) writeLauncher(output, elf);
  if (json) print(`${JSON.stringify({ profile, operations, systemCalls: listing.trimEnd().split('\n') }, null, 2)}\n`);
  else if (output === undefined) {
    const parts = [describeProfile(profile), describeOperations(operations), listing];
    print(printable(parts.map((part) => `${part.trimEnd()}\n`).join('\n')));
  }
  return 0;
}
