import { ownBuild } from '../../../linux/own-build.ts';
import { type Outline, projectStamps, readOutline, writeOutline } from '../../../project/outline.ts';
import { ownStore } from '../../spec/own-store.ts';

/** Gives the names and commands of the project in a directory. Throws a ProjectError where its files have faults. */
export async function outlineOf(directory: string): Promise<Outline> {
  const store = ownStore();
  const build = ownBuild();
  const known = readOutline(store, directory, build);
  if (known !== undefined) return known;
  const seen = projectStamps(directory);
  const { loadProject } = await import('../../../project/load.ts');
  return writeOutline(store, await loadProject(directory), { ...seen, build });
}
