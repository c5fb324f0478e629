import { defineCommand } from './arguments/command.ts';
import { flag } from './arguments/option.ts';
import { sandboxOptions } from './options/sandbox-options.ts';
import { expectOneRoot, IMAGE_RULE, requiredCommand } from './spec/image-operand.ts';

export const run = defineCommand({
  name: 'run',
  category: 'Sandboxes',
  description: 'Run a command in a sandbox that is gone when it ends',
  operands: '[IMAGE] [--] COMMAND [ARGUMENT…]',
  details: `
    The sandbox is a copy-on-write view of IMAGE. The only image so far is \`host\`, the system of this machine, which is
    also what a command after \`--\` gets; \`--rootfs DIR\` takes any root file system in a directory instead. Writes stay
    in the sandbox and vanish with it, except those in the current directory, which is mounted at its own path.

    The exit status is the command's own; 125 if the sandbox could not be made, 126 if the command is not executable,
    127 if it is not found, and 128+N if signal N ended it. What follows the image or \`--\` is passed on as it is.
  `,
  examples: [
    ['Run an installer that shall change nothing', 'sandbox run --workspace cow -- ./install.sh'],
    ['Run tests without a network, with two variables', 'sandbox run --network none -e CI=1 -e TERM -- npm test'],
    ['Use a root file system made by debootstrap', 'sandbox run --rootfs ./debian -- cat /etc/os-release'],
  ],
  completion: { kind: 'words', words: ['host'] },
  takesCommand: true,
  options: { ...sandboxOptions, rm: flag(['--rm'], "Accepted for podman's users: the sandbox is always removed") },
  rule: IMAGE_RULE,
  execute: async (input) => {
    expectOneRoot(input);
    const { start } = await import('./spec/start.ts');
    return await start({
      options: input.options,
      lifetime: { kind: 'ephemeral' },
      command: requiredCommand(input.rest),
    });
  },
});
