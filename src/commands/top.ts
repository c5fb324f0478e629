import { defineCommand } from './arguments/command.ts';
import { flag } from './arguments/option.ts';
import { UsageError } from './arguments/usage-error.ts';
import { runningSandboxes } from './running/running-sandbox.ts';

export const top = defineCommand({
  name: 'top',
  category: 'Sandboxes',
  description: 'List the processes of a sandbox',
  operands: 'NAME',
  details: `
    PID is the number inside, HPID the number that the host knows the process by. USER is the user outside: what is root
    inside is you, and other users inside are subordinate ids of yours.
  `,
  examples: [['What runs there', 'sandbox top website']],
  completion: { kind: 'names', of: ['sandboxes'] },
  takesCommand: false,
  options: { json: flag(['--json'], 'Print a JSON array') },
  rule: { limit: () => 1, surplus: 'refused' },
  execute: async ({ options, operands }) => {
    if (operands.length === 0) throw new UsageError('no name given', { hint: '`sandbox ps` lists what runs' });
    const [sandbox] = await runningSandboxes(operands);
    if (sandbox === undefined) return 0;
    const [{ processesOf }, { print }] = await Promise.all([
      import('../cgroup/processes.ts'),
      import('../ui/output.ts'),
    ]);
    const processes = processesOf(sandbox.pid);
    if (options.json) print(`${JSON.stringify(processes, null, 2)}\n`);
    else {
      const { processTable } = await import('./top/process-table.ts');
      print(processTable(processes));
    }
    return 0;
  },
});
