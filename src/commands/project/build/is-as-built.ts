import { ownBuild } from '../../../linux/own-build.ts';
import { currentDirectory } from '../../../linux/proc-self.ts';
import { expectProject } from '../../../project/find.ts';
import { readRecord } from '../../../project/record.ts';
import { ownStore } from '../../spec/own-store.ts';
import { isFrozen } from '../prepare.ts';

/** Whether an environment of the project here is as it was built last. Loads neither the project's files nor what builds it. */
export function isAsBuilt(environment: string, { frozen }: { readonly frozen: boolean }): boolean {
  const directory = expectProject(currentDirectory());
  const wanted = { directory, environment, build: ownBuild(), frozen: isFrozen(frozen ? true : undefined) };
  return readRecord(ownStore(), wanted) !== undefined;
}
