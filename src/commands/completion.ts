import { defineCommand } from './arguments/command.ts';
import { parseShell, SHELLS } from './options/shell.ts';

export const completion = defineCommand({
  name: 'completion',
  category: 'Other',
  description: 'Print a script that completes commands, options and names in a shell',
  operands: SHELLS.join('|'),
  details: `
    For bash, put \`source <(sandbox completion bash)\` into ~/.bashrc.

    For zsh, write the output to a file called _sandbox in a directory of $fpath.

    For fish, write it to ~/.config/fish/completions/sandbox.fish.
  `,
  examples: [['In this shell, until it ends', 'source <(sandbox completion bash)']],
  completion: { kind: 'words', words: SHELLS },
  takesCommand: false,
  options: {},
  rule: { limit: () => 1, surplus: 'refused' },
  execute: async ({ operands: [name] }) => {
    const shell = parseShell(name);
    const { loadAll, loadAllCommands } = await import('./registry.ts');
    const { print } = await import('../ui/output.ts');
    const commands = await loadAllCommands();
    const groups = (await loadAll()).filter((each) => each.kind === 'group');
    if (shell === 'bash') print((await import('./completion/bash.ts')).bashCompletion(commands, groups));
    else if (shell === 'zsh') print((await import('./completion/zsh.ts')).zshCompletion(commands, groups));
    else print((await import('./completion/fish.ts')).fishCompletion(commands, groups));
    return 0;
  },
});
