import type { SandboxInfo } from '../sandbox/lifecycle.ts';
import { defineCommand } from './arguments/command.ts';
import { flag } from './arguments/option.ts';
import { UsageError } from './arguments/usage-error.ts';

export const rm = defineCommand({
  name: 'rm',
  category: 'Sandboxes',
  description: 'Remove sandboxes with all that was changed in them',
  operands: 'NAME…',
  details: `
    A sandbox is told by its name or its id. One in which something runs is only removed with \`--force\`, which ends it
    first and also passes over names that do not exist. Workspaces and volumes are the host's and stay as they are.
  `,
  examples: [
    ['Remove one', 'sandbox rm website'],
    ['Remove all in which nothing runs', 'sandbox rm --all'],
  ],
  completion: { kind: 'names', of: ['sandboxes'] },
  takesCommand: false,
  options: {
    force: flag(['-f', '--force'], 'End what runs inside'),
    all: flag(['-a', '--all'], 'All in which nothing runs; with --force all'),
  },
  rule: { limit: () => Number.POSITIVE_INFINITY, surplus: 'refused' },
  execute: async ({ options, operands }) => {
    if (operands.length === 0 && !options.all)
      throw new UsageError('no name given', { hint: 'name one, or use --all' });
    if (operands.length > 0 && options.all) throw new UsageError('--all: expected no names besides it');
    const { listSandboxes } = await import('../sandbox/lifecycle.ts');
    const sandboxes = await listSandboxes();
    if (!options.all) return await removeNamed(operands, sandboxes, options.force);
    const idle = sandboxes.filter(({ state }) => options.force || state === 'stopped');
    return await removeEach(
      idle.map((found) => () => found),
      options.force,
    );
  },
});

async function removeNamed(
  names: readonly string[],
  sandboxes: readonly SandboxInfo[],
  force: boolean,
): Promise<number> {
  const { selectSandbox } = await import('./rm/select-sandboxes.ts');
  const wanted = [...new Set(names)].map((typed) => () => {
    try {
      return selectSandbox(typed, sandboxes);
    } catch (error) {
      if (force && error instanceof UsageError) return undefined;
      throw error;
    }
  });
  return await removeEach(wanted, force);
}

/** Removes one after the other; a failure is told and does not keep the others from being removed. */
async function removeEach(wanted: ReadonlyArray<() => SandboxInfo | undefined>, force: boolean): Promise<number> {
  const { removeSandbox } = await import('../sandbox/lifecycle.ts');
  const { print } = await import('../ui/output.ts');
  let status = 0;
  for (const select of wanted) {
    try {
      const found = select();
      if (found === undefined) continue;
      await removeSandbox(found.id, { force });
      print(`${found.name ?? found.id}\n`);
    } catch (error) {
      const { reportFailure } = await import('../ui/report.ts');
      reportFailure(error);
      status = 125;
    }
  }
  return status;
}
