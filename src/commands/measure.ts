import { readFileSync } from 'node:fs';
import { defineCommand } from './arguments/command.ts';

/** Started by this program itself, in a user namespace: takes paths as JSON and answers what each takes on the disk. */
export const measure = defineCommand({
  name: '__measure',
  category: undefined,
  description: 'Measure trees of the store',
  operands: '',
  details: '',
  examples: [],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: {},
  rule: { limit: () => 0, surplus: 'refused' },
  execute: async () => {
    const { measureTrees } = await import('../store/disk-use.ts');
    const { print } = await import('../ui/output.ts');
    print(JSON.stringify(measureTrees(JSON.parse(readFileSync(0, 'utf8')) as string[])));
    return 0;
  },
});
