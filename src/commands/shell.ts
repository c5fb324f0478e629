import { defineCommand } from './arguments/command.ts';
import { flag, value } from './arguments/option.ts';
import { parseSandboxName } from './options/names.ts';
import { sandboxOptions } from './options/sandbox-options.ts';

export const shell = defineCommand({
  name: 'shell',
  category: 'Sandboxes',
  description: 'Open a shell in a sandbox that keeps its changes',
  operands: '[IMAGE|NAME] [-- COMMAND [ARGUMENT…]]',
  details: `
    With IMAGE a sandbox is made from it the first time, called by the last part of the image's name, and opened again
    later with everything that was changed in it; \`sandbox rm NAME\` removes it. The image is pulled if it is not here.
    While the sandbox is open, a second \`sandbox shell NAME\` joins it.

    Without IMAGE, or with \`host\`, it shows the system of this machine, copy-on-write: the sandbox \`default\`, or the one
    called by \`--name\`. \`--rootfs DIR\` takes a root file system in a directory; the word is the sandbox's name then.

    The current directory is mounted at its own path; the rest of the home is not there. A command after \`--\` runs instead
    of the login shell. The image's entrypoint is not used, its variables and its user are.
  `,
  examples: [
    ['A Debian of your own', 'sandbox shell debian'],
    ['Another one, of another version', 'sandbox shell debian:bookworm --name old'],
    ['The system of this machine, copy-on-write', 'sandbox shell'],
    ['Try something and forget it', 'sandbox shell --rm ubuntu'],
    ['One per project, on this machine, without a network', 'sandbox shell --name website --network none'],
  ],
  completion: { kind: 'names', of: ['sandboxes', 'images'] },
  takesCommand: true,
  options: {
    ...sandboxOptions,
    name: value([['--name'], 'NAME', "The sandbox's name"], parseSandboxName, { kind: 'names', of: ['sandboxes'] }),
    rm: flag(['--rm'], 'Remove the sandbox when the shell ends'),
  },
  rule: { limit: () => 1, surplus: 'refused' },
  execute: async ({ options, operands, rest }) => {
    const { startShell } = await import('./spec/start.ts');
    const words = { operand: operands[0], name: options.name, remove: options.rm, rootfs: options.rootfs };
    return await startShell(words, { options, command: rest });
  },
});
