import { didYouMean } from '../config/did-you-mean.ts';
import { defineCommand } from './arguments/command.ts';
import { unknownWord } from './arguments/group.ts';
import { quoted, UsageError } from './arguments/usage-error.ts';

export const help = defineCommand({
  name: 'help',
  category: 'Other',
  description: 'Explain a command, or list all',
  operands: '[COMMAND]',
  details: '`sandbox COMMAND --help` is the same.',
  examples: [
    ['Everything about run', 'sandbox help run'],
    ['The commands for images, and one of them', 'sandbox help image; sandbox help image rm'],
  ],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: {},
  rule: { limit: () => 2, surplus: 'refused' },
  execute: async ({ operands: [name, word] }) => {
    const { COMMAND_NAMES, loadAll, loadCommand } = await import('./registry.ts');
    const { printCommandHelp, printGroupHelp, printOverview } = await import('./help-text.ts');
    if (name === undefined) {
      printOverview(await loadAll());
      return 0;
    }
    const found = await loadCommand(name);
    if (found === undefined) {
      const nearest = didYouMean(name, COMMAND_NAMES);
      throw new UsageError(`no command ${quoted(name)}`, { hint: nearest && `did you mean ${nearest}?` });
    }
    if (found.kind === 'command') {
      if (word !== undefined) throw new UsageError(`unexpected argument ${quoted(word)}`);
      printCommandHelp(found);
      return 0;
    }
    const member = word === undefined ? undefined : await found.load(word);
    if (member !== undefined) printCommandHelp(member);
    else if (word === undefined) await printGroupHelp(found);
    else throw unknownWord(found, word);
    return 0;
  },
});
