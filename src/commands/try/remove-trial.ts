import type { HostFacts } from '../../host/facts.ts';
import type { Reviewed } from '../../review/parts.ts';
import { note } from '../../ui/output.ts';

/** Removes a sandbox of `try` of which nothing is left to be reviewed. */
export async function removeIfEmpty(facts: HostFacts, sandbox: Reviewed): Promise<boolean> {
  const { listChanges } = await import('../../review/client.ts');
  if (listChanges(facts, sandbox, []).length > 0) return false;
  await removeTrial(sandbox.name);
  note(`nothing is left in ${sandbox.name}: it was removed`);
  return true;
}

export async function removeTrial(name: string): Promise<void> {
  const { removeSandbox } = await import('../../sandbox/lifecycle.ts');
  await removeSandbox(name, { force: false });
}
