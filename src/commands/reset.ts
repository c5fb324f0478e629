import { isatty } from 'node:tty';
import { defineCommand } from './arguments/command.ts';
import { flag } from './arguments/option.ts';
import { UsageError } from './arguments/usage-error.ts';

export const reset = defineCommand({
  name: 'reset',
  category: 'Store',
  description: 'Remove everything: all images, all sandboxes, the whole store',
  operands: '',
  details: `
    Ends what runs in sandboxes and removes the store's directory, the changes in kept sandboxes included. Workspaces and
    volumes are the host's and stay as they are, as does the configuration.

    Asks on a terminal; elsewhere nothing happens without \`--force\`.
  `,
  examples: [['As if it had never been used', 'sandbox reset']],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: { force: flag(['-f', '--force'], 'Do not ask') },
  rule: { limit: () => 0, surplus: 'refused' },
  execute: async ({ options }) => {
    const { resetStore, storeContent } = await import('../sandbox/reset.ts');
    const { print } = await import('../ui/output.ts');
    const content = await storeContent();
    if (content === undefined) {
      print('there is nothing to remove\n');
      return 0;
    }
    const { store, running } = content;
    if (!options.force && !(await confirmed(store, running))) {
      print('nothing was removed\n');
      return 1;
    }
    const { waitNote } = await import('./store/wait-note.ts');
    await resetStore({ onWait: waitNote });
    print(`removed ${store}\n`);
    return 0;
  },
});

async function confirmed(store: string, running: number): Promise<boolean> {
  if (!isatty(0) || !isatty(2)) {
    throw new UsageError('this removes all images and sandboxes, and there is no terminal to ask on', {
      hint: 'say that you mean it: sandbox reset --force',
    });
  }
  const ends = running === 0 ? '' : `, and end the ${running === 1 ? 'one that runs' : `${running} that run`}`;
  const { isConfirmed } = await import('../ui/confirm.ts');
  return isConfirmed(`remove all images and sandboxes in ${store}${ends}?`);
}
