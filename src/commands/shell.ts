import { defineCommand } from './arguments/command.ts';
import { flag, value } from './arguments/option.ts';
import { UsageError } from './arguments/usage-error.ts';
import { parseCpuShares } from './options/limits.ts';
import { parseSandboxName } from './options/names.ts';
import { projectOptions } from './options/project-options.ts';
import { sandboxOptions } from './options/sandbox-options.ts';
import { parseScript, parseStepNumber, scriptOr } from './options/script.ts';

export const shell = defineCommand({
  name: 'shell',
  category: 'Sandboxes',
  description: 'Open a shell in a sandbox that keeps its changes',
  operands: '[ENVIRONMENT|IMAGE|NAME] [-- COMMAND [ARGUMENT…]]',
  details: `
    With IMAGE a sandbox is made from it the first time, called by the last part of the image's name, and opened again
    later with everything that was changed in it; \`sandbox rm NAME\` removes it. The image is pulled if it is not here.
    While the sandbox is open, a second \`sandbox shell NAME\` joins it.

    Without IMAGE, or with \`host\`, it shows the system of this machine, copy-on-write: the sandbox \`default\`, or the one
    called by \`--name\`. \`--rootfs DIR\` takes a root file system in a directory; the word is the sandbox's name then.

    In a project (a directory with a sandbox.toml, or below one) it opens the project's environment, or that one of its
    environments which the word names: ready-made where nothing has changed, else built. What is changed outside of the
    project's directory is gone afterwards. While its services run (\`sandbox up\`) their sandbox is joined. \`host\` and
    \`--name\` mean this machine there as elsewhere.

    The current directory is mounted at its own path; the rest of the home is not there. A command after \`--\` runs instead
    of the login shell. The image's entrypoint is not used, its variables and its user are.
  `,
  examples: [
    ['A Debian of your own', 'sandbox shell debian'],
    ['Another one, of another version', 'sandbox shell debian:bookworm --name old'],
    ['The system of this machine, copy-on-write', 'sandbox shell'],
    ["The project's environment for tests", 'sandbox shell test'],
    ['Try something and forget it', 'sandbox shell --rm ubuntu'],
    ['One per project, on this machine, without a network', 'sandbox shell --name website --network none'],
  ],
  completion: { kind: 'names', of: ['environments', 'sandboxes', 'images'] },
  takesCommand: true,
  options: {
    ...sandboxOptions,
    ...projectOptions,
    // Of a shell -c is the command, as of every other one.
    cpuShares: value([['--cpu-shares'], 'SHARES', "As --cpu-weight in podman's unit (others: 1024)"], parseCpuShares, {
      kind: 'nothing',
    }),
    script: value([['-c', '--command'], 'SCRIPT', 'Run this with /bin/sh instead of a shell'], parseScript, {
      kind: 'nothing',
    }),
    atStep: value(
      [['--at-step'], 'NUMBER', "Open the project's environment as it is before that step, with the step's inputs"],
      parseStepNumber,
      { kind: 'nothing' },
    ),
    name: value([['--name'], 'NAME', "The sandbox's name"], parseSandboxName, { kind: 'names', of: ['sandboxes'] }),
    rm: flag(['--rm'], 'Remove the sandbox when the shell ends'),
  },
  rule: { limit: () => 1, surplus: 'refused' },
  execute: async ({ options, operands, rest }) => {
    const { startShell, startEnvironment } = await import('./spec/start.ts');
    const { name, rm: remove, rootfs, atStep } = options;
    const [operand] = operands;
    const command = scriptOr(options.script, rest);
    const { orInterrupted } = await import('./spec/or-interrupted.ts');
    return await orInterrupted(async () => {
      if (name === undefined) {
        const { environmentHere } = await import('./project/open.ts');
        const ready = await environmentHere({ options, operands, atStep });
        const join = atStep === undefined ? {} : ({ join: 'never' } as const);
        if (ready !== undefined) return await startEnvironment(ready, { options, command, ...join });
      }
      if (atStep !== undefined) throw new UsageError('--at-step: only environments of projects have steps');
      try {
        return await startShell({ operand, name, remove, rootfs }, { options, command });
      } catch (error) {
        const { withProjectHint } = await import('./project/open.ts');
        throw await withProjectHint(error, name === undefined ? operand : undefined, 'shell');
      }
    });
  },
});
