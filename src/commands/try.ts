import { defineCommand } from './arguments/command.ts';
import { commandOf, IMAGE_RULE, rootOf } from './spec/image-operand.ts';
import { trialOptions } from './try/options.ts';

export const tryCommand = defineCommand({
  name: 'try',
  category: 'Review',
  description: 'Run a command that is not trusted, see what it changed, then apply it or not',
  operands: '[ENVIRONMENT|IMAGE] [--] [COMMAND [ARGUMENT…]]',
  details: `
    Runs the command as \`sandbox run\` does, but closely held (the profile \`strict\`), without a network, and on a
    copy-on-write view of the current directory: on the host nothing changes. When it ends its changes are shown, largest
    first. At a terminal you are asked whether to apply them to the host, to keep the sandbox, or to discard it; else it is
    kept. Its name is said, for \`sandbox diff\`, \`apply\` and \`discard\`; \`sandbox shell NAME\` opens it again.

    In a project that is its environment with a view of the project, but none of what the environment is given besides:
    caches, volumes, secrets, the session, devices and the network stay out.

    The exit status is the command's own. The list of changes is written to standard error, so that the output of the
    command can be passed on.
  `,
  examples: [
    ['An installer that nobody has read', 'sandbox try -- ./install.sh'],
    ['A package with its scripts, and the network it needs', 'sandbox try --network host -- npm install left-pad'],
    ['In an image', 'sandbox try node -- npm audit fix'],
    ['What did it want to do?', 'sandbox try --report -- ./tool'],
  ],
  completion: { kind: 'names', of: ['environments', 'images', 'host'] },
  takesCommand: true,
  options: trialOptions,
  rule: IMAGE_RULE,
  execute: async (input) => {
    const { options } = input;
    const { startTrial } = await import('./try/start-trial.ts');
    const { orInterrupted } = await import('./spec/or-interrupted.ts');
    return await orInterrupted(async () => {
      const { environmentHere } = await import('./project/open.ts');
      const ready = await environmentHere(input);
      if (ready !== undefined) {
        const { trialRequest } = await import('./try/project-trial.ts');
        const command = commandOf(input, { kind: 'host' });
        return await startTrial({ options, command, purpose: 'shell', ...(await trialRequest(ready)) });
      }
      const wanted = rootOf(input);
      const command = commandOf(input, wanted);
      const { resolveRoot } = await import('./spec/resolve-root.ts');
      return await startTrial({ options, root: await resolveRoot(wanted, options), command, purpose: 'run' });
    });
  },
});
