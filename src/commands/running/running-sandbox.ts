import type { SandboxInfo } from '../../sandbox/lifecycle.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { selectSandbox } from '../rm/select-sandboxes.ts';

/** A sandbox in which something runs. */
export type RunningSandbox = SandboxInfo & { readonly pid: number };

function isRunning(sandbox: SandboxInfo): sandbox is RunningSandbox {
  return sandbox.pid !== undefined;
}

/** How a sandbox is called in what is printed. */
export function titleOf({ name, id }: SandboxInfo): string {
  return name ?? id;
}

/** Takes names as they were typed and gives the sandboxes, all that run where there is none. Throws UsageError. */
export async function runningSandboxes(typed: readonly string[]): Promise<RunningSandbox[]> {
  const { listSandboxes } = await import('../../sandbox/lifecycle.ts');
  const all = await listSandboxes();
  if (typed.length === 0) return all.filter(isRunning);
  return [...new Set(typed)].map((name) => {
    const found = selectSandbox(name, all);
    if (isRunning(found)) return found;
    throw new UsageError(`the sandbox ${titleOf(found)} is not running`);
  });
}

/** Does something with each named sandbox and prints its name; a failure is told and does not hold up the others. */
export async function forEachRunning(
  typed: readonly string[],
  work: (sandbox: RunningSandbox) => void | Promise<void>,
): Promise<number> {
  if (typed.length === 0) throw new UsageError('no name given', { hint: '`sandbox ps` lists what runs' });
  const { print } = await import('../../ui/output.ts');
  let status = 0;
  for (const name of new Set(typed)) {
    try {
      const [found] = await runningSandboxes([name]);
      if (found === undefined) continue;
      await work(found);
      print(`${titleOf(found)}\n`);
    } catch (error) {
      const { reportFailure } = await import('../../ui/report.ts');
      reportFailure(error);
      status = 125;
    }
  }
  return status;
}
