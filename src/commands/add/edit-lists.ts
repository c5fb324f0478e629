import { didYouMean } from '../../config/did-you-mean.ts';
import { currentDirectory } from '../../linux/proc-self.ts';
import {
  type EditedList,
  type EnvironmentEdit,
  editEnvironment,
  readProjectTexts,
  replaceProjectText,
} from '../../project/edit/edit-file.ts';
import type { Item, ListEdit } from '../../project/edit/edit-list.ts';
import { ProjectError } from '../../project/error.ts';
import { expectProject, PROJECT_FILE } from '../../project/find.ts';
import { loadProject } from '../../project/load.ts';
import { whileWriting } from '../../project/lock/writing.ts';
import { note, print } from '../../ui/output.ts';
import { printable } from '../../ui/printable.ts';
import type { OptionValues } from '../arguments/option.ts';
import { environmentOf } from '../project/environment.ts';
import { keepTrust } from '../project/trust/keep-trust.ts';
import { ownStore } from '../spec/own-store.ts';
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
  const lists = new Map(typed);
  const volumes = typed.get('volumes')?.map((volume) => fromProject(String(volume), directory, here));
  if (volumes !== undefined) lists.set('volumes', volumes);
  await whileWriting(ownStore(), directory, async () => await edit(directory, { kind, environment, lists }));
  return 0;
}

/** Of two at once each starts from what the other one has made of the file. */
async function edit(directory: string, wishes: EnvironmentEdit): Promise<void> {
  const { kind, environment } = wishes;
  environmentOf(await loadProject(directory), environment);
  const before = readProjectTexts(directory);
  const { text, lists } = editEnvironment(before.text, wishes);
  for (const list of kind === 'remove' ? lists : []) expectThere(list, environment);
  const isChanged = text !== before.text;
  const project = isChanged ? await replaceProjectText(directory, { before: before.text, after: text }) : undefined;
  for (const list of lists) tell(list, kind, environment);
  if (project !== undefined) await keepTrust(project, { before: before.digest, after: before.digestWith(text) });
  const isNew = lists.some(({ name, changed }) => name === 'packages' && changed.length > 0);
  if (isNew) note('the next `sandbox shell` builds the environment again; `sandbox build` does it now');
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
