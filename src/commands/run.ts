import { defineCommand } from './arguments/command.ts';
import { flag } from './arguments/option.ts';
import { projectOptions } from './options/project-options.ts';
import { sandboxOptions } from './options/sandbox-options.ts';
import { withCommandMarked } from './run/command-word.ts';
import { commandOf, IMAGE_RULE, rootOf } from './spec/image-operand.ts';

const options = {
  ...sandboxOptions,
  ...projectOptions,
  rm: flag(['--rm'], "Accepted for podman's users: the sandbox is always removed"),
} as const;

export const run = defineCommand({
  name: 'run',
  category: 'Sandboxes',
  description: 'Run a command in a sandbox that is gone when it ends',
  operands: '[ENVIRONMENT|IMAGE] [--] [COMMAND [ARGUMENT…]]',
  details: `
    IMAGE is pulled if it is not here: \`debian\` is docker.io/library/debian:latest. Its entrypoint, command, variables,
    directory and user count as they do for podman. The image \`host\`, which is also what a command after \`--\` gets, is
    the system of this machine; \`--rootfs DIR\` takes any root file system in a directory instead. Writes stay in the
    sandbox and vanish with it, except those in the current directory, which is mounted at its own path.

    In a project (a directory with a sandbox.toml, or below one) a command after \`--\` gets the project's environment, and
    one of its environments is meant where the word is its name, even if an image is called so too. \`host\` is the system
    of this machine there as elsewhere.

    The exit status is the command's own; 125 if the sandbox could not be made, 126 if the command is not executable,
    127 if it is not found, and 128+N if signal N ended it. What follows \`--\`, or the first word after the image, is
    passed on as it is.

    The \`--\` may be left out before a path (\`run ./install.sh -y\`), and in a project before a program that neither an
    environment nor an image here is called like, if options follow it that are none of these: \`run sh -c 'make all'\`.
  `,
  examples: [
    ['Something in Debian', 'sandbox run debian cat /etc/os-release'],
    ['Run an installer that shall change nothing', 'sandbox run --workspace cow -- ./install.sh'],
    ["In the project's environment, and in another one of it", 'sandbox run -- npm test; sandbox run ci -- npm test'],
    ['Run tests without a network, with two variables', 'sandbox run --network none -e CI=1 -e TERM -- npm test'],
    ['Use a root file system made by debootstrap', 'sandbox run --rootfs ./debian -- cat /etc/os-release'],
  ],
  completion: { kind: 'names', of: ['environments', 'images', 'host'] },
  takesCommand: true,
  options,
  rule: IMAGE_RULE,
  meant: async (words) =>
    await withCommandMarked(words, { table: options, rule: IMAGE_RULE }, async () => {
      const { wordFactsHere } = await import('./run/word-facts.ts');
      return wordFactsHere();
    }),
  execute: async (input) => {
    const { startEnvironment, startRun } = await import('./spec/start.ts');
    const { orInterrupted } = await import('./spec/or-interrupted.ts');
    return await orInterrupted(async () => {
      const { environmentHere, withProjectHint } = await import('./project/open.ts');
      const ready = await environmentHere(input);
      // Not the root file system's own command: an environment is none of an image's programs.
      if (ready !== undefined)
        return await startEnvironment(ready, { options: input.options, command: commandOf(input, { kind: 'host' }) });
      const root = rootOf(input);
      try {
        return await startRun({ options: input.options, root, command: commandOf(input, root) });
      } catch (error) {
        throw await withProjectHint(error, input.operands[0], 'run');
      }
    });
  },
});
