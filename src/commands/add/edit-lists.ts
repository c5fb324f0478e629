import { didYouMean } from '../../config/did-you-mean.ts';
import { currentDirectory } from '../../linux/proc-self.ts';
import { type EditedList, editEnvironment, readProjectText, replaceProjectText } from '../../project/edit/edit-file.ts';
import type { Item, ListEdit } from '../../project/edit/edit-list.ts';
import { ProjectError } from '../../project/error.ts';
import { expectProject, PROJECT_FILE } from '../../project/find.ts';
import { loadProject } from '../../project/load.ts';
import { note, print } from '../../ui/output.ts';
import { printable } from '../../ui/printable.ts';
import type { OptionValues } from '../arguments/option.ts';
import { environmentOf } from '../project/environment.ts';
import type { listOptions } from './list-options.ts';
import { fromProject, typedLists } from './typed-lists.ts';

interface Wishes {
  readonly kind: ListEdit['kind'];
  readonly options: OptionValues<typeof listOptions>;
  readonly packages: readonly string[];
}

/** Changes sandbox.toml of the project here as it was typed, and says what it did. Throws a UsageError and ProjectErrors. */
export async function editLists({ kind, options, packages }: Wishes): Promise<number> {
  const typed = typedLists(options, packages);
  const here = currentDirectory();
  const directory = expectProject(here);
  const environment = options.env ?? 'default';
  environmentOf(await loadProject(directory), environment);
  const lists = new Map(typed);
  const volumes = typed.get('volumes')?.map((volume) => fromProject(String(volume), directory, here));
  if (volumes !== undefined) lists.set('volumes', volumes);
  const before = readProjectText(directory);
  const edited = editEnvironment(before, { kind, environment, lists });
  for (const list of kind === 'remove' ? edited.lists : []) expectThere(list, environment);
  if (edited.text !== before) await replaceProjectText(directory, { before, after: edited.text });
  for (const list of edited.lists) tell(list, kind, environment);
  const isNew = edited.lists.some(({ name, changed }) => name === 'packages' && changed.length > 0);
  if (isNew) note(`the next \`sandbox shell\` builds the environment again; \`sandbox build\` does it now`);
  return 0;
}

function expectThere({ name, before, same, inherited }: EditedList, environment: string): void {
  const [missing] = same;
  if (missing === undefined) return;
  const from = inherited.get(missing);
  const near = didYouMean(String(missing), before.map(String));
  const hint =
    from !== undefined
      ? `${environment} has it from ${from}, which it extends: \`sandbox remove${from === 'default' ? '' : ` --env ${from}`} …\``
      : near === undefined
        ? `there are: ${before.join(', ') || 'none'}`
        : `did you mean ${near}?`;
  throw new ProjectError('UNKNOWN', `${place(name, environment)} has no ${missing}`, { hint });
}

function tell({ name, changed, same, inherited }: EditedList, kind: ListEdit['kind'], environment: string): void {
  const words = (items: readonly Item[]): string => items.join(', ');
  if (changed.length > 0) {
    const what = kind === 'add' ? 'added to' : 'removed from';
    print(`${what} ${place(name, environment)}: ${printable(words(changed))}\n`);
  }
  for (const item of same) {
    const from = inherited.get(item);
    note(`${item} is in ${place(name, from ?? environment)} already${from === undefined ? '' : `, which is extended`}`);
  }
}

function place(name: string, environment: string): string {
  return `${environment === 'default' ? '' : `env.${environment}.`}${name} of ${PROJECT_FILE}`;
}
