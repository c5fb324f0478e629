import { readFileSync } from 'node:fs';
import type { ReviewRequest } from '../../review/model.ts';
import { defineCommand } from '../arguments/command.ts';

/** Started by this program itself, as root of a user namespace: takes one request as JSON and answers it. */
export const serveReview = defineCommand({
  name: '__review',
  category: undefined,
  description: "Look at or apply a sandbox's changes",
  operands: '',
  details: '',
  examples: [],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: {},
  rule: { limit: () => 0, surplus: 'refused' },
  execute: async () => {
    const { answer } = await import('../../review/serve.ts');
    const { print } = await import('../../ui/output.ts');
    print(JSON.stringify(await answer(JSON.parse(readFileSync(0, 'utf8')) as ReviewRequest)));
    return 0;
  },
});
