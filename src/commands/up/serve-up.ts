import { defineCommand } from '../arguments/command.ts';
import type { UpTask } from './task.ts';

export const serveUp = defineCommand({
  name: '__up',
  category: undefined,
  description: 'Work for `sandbox up` in a process of its own',
  operands: 'TASK',
  details: '',
  examples: [],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: {},
  rule: { limit: () => 1, surplus: 'refused' },
  execute: async ({ operands: [text = '{}'] }) => {
    const task: UpTask = JSON.parse(text);
    if (task.kind === 'ask') {
      const { untilAnswered } = await import('../../project/service/answer.ts');
      await untilAnswered(task.url, new AbortController().signal);
      return 0;
    }
    const { serveBackground } = await import('./serve-background.ts');
    return await serveBackground(task);
  },
});
