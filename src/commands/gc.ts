import { defineCommand } from './arguments/command.ts';
import { flag, value } from './arguments/option.ts';
import { UsageError } from './arguments/usage-error.ts';
import { parseAge } from './options/age.ts';

const UNUSED_MS = 10 * 24 * 3600_000;

export const gc = defineCommand({
  name: 'gc',
  category: 'Store',
  description: 'Remove what nothing in the store uses any more',
  operands: '',
  details: `
    Removes blobs and layers that no image, no sandbox and no step needs, interrupted downloads of more than a day ago, launchers
    and copies of the host's directories that are out of date, what is remembered of projects whose directory is gone, and what
    killed processes left. Images, sandboxes and results of steps stay: see \`sandbox image prune\` and \`sandbox rm\`.

    With \`--unused\` results of steps go too that were not used for ten days, or for \`--older-than\`; those of projects as they
    were built last stay in any case.

    Waits until no other command pulls, loads or builds.
  `,
  examples: [
    ['Free what can be freed without a loss', 'sandbox gc'],
    ['Also give up interrupted downloads', 'sandbox gc --all'],
    ['Also results of steps that nobody used for a month', 'sandbox gc --unused --older-than 30d'],
    ['Also what npm, pip and the like have downloaded', 'sandbox gc --caches'],
  ],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: {
    all: flag(['-a', '--all'], 'Also younger downloads and all compiled launchers'),
    unused: flag(['--unused'], 'Also results of steps that were not used for a while'),
    olderThan: value([['--older-than'], 'AGE', 'How long: 10d (the default), 12h, 30m'], parseAge, { kind: 'nothing' }),
    caches: flag(['--caches'], 'Also the caches of package managers'),
    json: flag(['--json'], 'Print a JSON object'),
  },
  rule: { limit: () => 0, surplus: 'refused' },
  execute: async ({ options }) => {
    const { all, caches, unused, olderThan } = options;
    if (olderThan !== undefined && !unused) {
      throw new UsageError('--older-than says how long something was unused', { hint: 'write --unused, too' });
    }
    const { collectAll } = await import('../sandbox/garbage-all.ts');
    const { note, print } = await import('../ui/output.ts');
    const { waitNote } = await import('./store/wait-note.ts');
    const unusedFor = unused ? { unusedFor: olderThan ?? UNUSED_MS } : {};
    const { collected, bytes } = await collectAll({ all, caches, ...unusedFor, onWait: waitNote });
    const { blobs, partials, asides, launchers, layers, work, damaged, steps, projects, builds } = collected;
    for (const name of damaged) {
      note(`the image ${name} is damaged, so no blob and no layer was removed: pull it again, or remove it`);
    }
    const counts = {
      blobs: blobs.count,
      layers: layers.length,
      steps,
      projects,
      caches: collected.caches.length,
      downloads: partials.count,
      launchers: launchers.count,
      leftovers: asides.count + work.length + builds,
    };
    if (options.json) {
      print(`${JSON.stringify({ bytes, ...counts, damaged }, null, 2)}\n`);
      return 0;
    }
    const { byteText } = await import('../ui/quantity.ts');
    const said = [
      counted(counts.blobs, 'blob'),
      counted(counts.layers, 'layer'),
      counted(counts.steps, "step's result", "steps' results"),
      counted(counts.projects, 'project that is gone', 'projects that are gone'),
      counted(counts.caches, 'cache'),
      counted(counts.downloads, 'interrupted download'),
      counted(counts.launchers, 'launcher'),
      counted(counts.leftovers, 'leftover'),
    ].filter((text) => text !== '');
    print(`${said.length === 0 ? '' : `removed ${said.join(', ')}\n`}freed ${byteText(bytes)}\n`);
    return 0;
  },
});

function counted(count: number, what: string, many = `${what}s`): string {
  return count === 0 ? '' : `${count} ${count === 1 ? what : many}`;
}
