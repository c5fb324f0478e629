import { currentDirectory } from '../../linux/proc-self.ts';
import { findProject } from '../../project/find.ts';
import type { Outline } from '../../project/outline.ts';
import { readImages } from '../../store/images.ts';
import { listShelf } from '../../store/sandbox-directory.ts';
import type { NameKind } from '../arguments/option.ts';
import { familiar } from '../image/stored.ts';
import { outlineOf } from '../project/list/outline-here.ts';
import { HOST_IMAGE } from '../spec/image-operand.ts';
import { ownStore } from '../spec/own-store.ts';

/** `debian` for `debian:latest`, which is what people type. */
function shortest(name: string): string {
  return familiar(name).replace(/:latest$/, '');
}

/** Nothing of the project is run or built for its names; without one, or with one that has faults, there are none. */
async function projectHere(): Promise<Outline | undefined> {
  try {
    const directory = findProject(currentDirectory());
    if (directory === undefined) return undefined;
    return await outlineOf(directory);
  } catch {
    return undefined;
  }
}

function namesOf(kind: NameKind, store: string, project: Outline | undefined): string[] {
  if (kind === 'host') return [HOST_IMAGE];
  if (kind === 'commands') return [...(project?.commands.keys() ?? [])];
  if (isOfProject(kind)) return [...(project?.[kind] ?? [])];
  try {
    if (kind === 'images') return readImages(store).map(({ name }) => shortest(name));
    return listShelf(store, 'sandboxes').map(({ id }) => id);
  } catch {
    return [];
  }
}

function isOfProject(kind: NameKind): kind is 'environments' | 'commands' | 'services' {
  return kind === 'environments' || kind === 'commands' || kind === 'services';
}

/** Gives the names of all kinds that are asked for, each once. */
export async function knownNames(kinds: readonly NameKind[]): Promise<string[]> {
  const store = ownStore();
  const project = kinds.some(isOfProject) ? await projectHere() : undefined;
  return [...new Set(kinds.flatMap((kind) => namesOf(kind, store, project)))];
}
