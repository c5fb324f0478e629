import { ownCommand } from '../linux/own-command.ts';
import { defineCommand } from './arguments/command.ts';
import { parseShell, SHELLS } from './options/shell.ts';

export const hook = defineCommand({
  name: 'hook',
  category: 'Projects',
  description: "Print code that puts a project's shims on PATH while a shell is in it",
  operands: SHELLS.join('|'),
  details: `
    For bash, put \`eval "$(sandbox hook bash)"\` at the end of ~/.bashrc; for zsh, \`eval "$(sandbox hook zsh)"\` into
    ~/.zshrc; for fish, \`sandbox hook fish | source\` into ~/.config/fish/config.fish.

    In a directory with a sandbox.toml, or below one, the shims that \`sandbox shim\` made for that project are found first
    then; outside they are gone from PATH. That takes \`sandbox trust\`, once for what the project's files say: a clone of
    somebody else's changes nothing. The project's own .sandbox/bin is never on PATH; what was made is kept elsewhere, too.
  `,
  examples: [['In this shell, until it ends', 'eval "$(sandbox hook bash)"']],
  completion: { kind: 'words', words: SHELLS },
  takesCommand: false,
  options: {},
  rule: { limit: () => 1, surplus: 'refused' },
  execute: async ({ operands: [name] }) => {
    const shell = parseShell(name);
    const { print } = await import('../ui/output.ts');
    const words = ownCommand('__hook');
    if (shell === 'fish') print((await import('./hook/fish.ts')).fishHook(words));
    else print((await import('./hook/posix.ts')).posixHook(shell, words));
    return 0;
  },
});
