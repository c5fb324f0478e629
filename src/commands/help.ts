import { defineCommand } from './arguments/command.ts';
import { didYouMean } from './arguments/did-you-mean.ts';
import { quoted, UsageError } from './arguments/usage-error.ts';

export const help = defineCommand({
  name: 'help',
  category: 'Other',
  description: 'Explain a command, or list all',
  operands: '[COMMAND]',
  details: '`sandbox COMMAND --help` is the same.',
  examples: [['Everything about run', 'sandbox help run']],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: {},
  rule: { limit: () => 1, surplus: 'refused' },
  execute: async ({ operands: [name] }) => {
    const { COMMAND_NAMES, loadAllCommands, loadCommand } = await import('./registry.ts');
    const { printCommandHelp, printOverview } = await import('./help-text.ts');
    if (name === undefined) {
      printOverview(await loadAllCommands());
      return 0;
    }
    const command = await loadCommand(name);
    if (command === undefined) {
      const nearest = didYouMean(name, COMMAND_NAMES);
      throw new UsageError(`no command ${quoted(name)}`, { hint: nearest && `did you mean ${nearest}?` });
    }
    printCommandHelp(command);
    return 0;
  },
});
