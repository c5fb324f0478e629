import { defineCommand } from './arguments/command.ts';
import { flag } from './arguments/option.ts';
import { UsageError } from './arguments/usage-error.ts';

export const diff = defineCommand({
  name: 'diff',
  category: 'Review',
  description: 'Show what was changed in a kept sandbox',
  operands: 'NAME [PATH…]',
  details: `
    Lists changes of a copy-on-write workspace (\`try\`, \`--workspace cow\`) and of the root file system, largest first: A
    added, M modified, D deleted, T of another type. A directory that was deleted is one line. A \`!\` marks what runs by
    itself later, what is executable, and what is not applied as it is.

    PATH is relative to the workspace, or absolute for the root file system. It names a file, or a directory with what
    is in it, or is a pattern: \`*\` stands for a part of a name, \`**\` for any directories.
  `,
  examples: [
    ['What did it change?', 'sandbox diff try-kmpf'],
    ['As a patch', 'sandbox diff -p try-kmpf src > changes.patch'],
    ['For programs', 'sandbox diff --json try-kmpf'],
  ],
  completion: { kind: 'names', of: ['sandboxes'] },
  takesCommand: false,
  options: {
    patch: flag(['-p', '--patch'], 'Show the text that was changed, as `diff -u` does'),
    stat: flag(['--stat'], 'Count the lines that were changed'),
    json: flag(['--json'], 'Print a JSON array'),
  },
  rule: { limit: () => Number.POSITIVE_INFINITY, surplus: 'refused' },
  execute: async ({ options, operands }) => {
    if ([options.patch, options.stat, options.json].filter(Boolean).length > 1) {
      throw new UsageError('--patch, --stat and --json: expected one of them');
    }
    const { reviewTarget } = await import('./diff/find-reviewed.ts');
    const { facts, sandbox, patterns } = reviewTarget(operands);
    const { listChanges, listPatches } = await import('../review/client.ts');
    if (options.patch || options.stat) {
      const { printPatches, statText } = await import('./diff/patch-text.ts');
      const patches = listPatches(facts, sandbox, patterns);
      if (options.patch) printPatches(patches);
      else (await import('../ui/output.ts')).print(statText(patches));
      return 0;
    }
    const { print } = await import('../ui/output.ts');
    const { changeLines, largestFirst, totals } = await import('./diff/change-list.ts');
    const changes = largestFirst(listChanges(facts, sandbox, patterns));
    if (options.json) print(`${JSON.stringify(changes, null, 2)}\n`);
    else if (changes.length > 0) {
      const { coloursOf } = await import('../ui/colour.ts');
      print(changeLines(changes, coloursOf(1)));
      const { note } = await import('../ui/output.ts');
      note(totals(changes));
    }
    return 0;
  },
});
