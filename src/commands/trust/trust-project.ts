import { existsSync } from 'node:fs';
import { surveyHost } from '../../host/survey.ts';
import { fsPath } from '../../linux/paths.ts';
import { currentDirectory } from '../../linux/proc-self.ts';
import { expectProject, findProject } from '../../project/find.ts';
import { loadProject } from '../../project/load.ts';
import { whileWriting } from '../../project/lock/writing.ts';
import type { Project } from '../../project/model.ts';
import { removeShimFiles } from '../../project/shim/files.ts';
import { readAllShims } from '../../project/shim/record.ts';
import { isTrusted, listTrusted, revokeTrust, setTrusted } from '../../project/trust/record.ts';
import { note, print } from '../../ui/output.ts';
import { printable } from '../../ui/printable.ts';
import { tableForOutput } from '../../ui/table.ts';
import { demandsOfProject } from '../project/trust/demands.ts';
import { trustText } from '../project/trust/expect-trust.ts';
import { age } from '../ps/age.ts';
import { realHostDirectory, realPathIfAny } from '../spec/host-files.ts';
import { ownStore } from '../spec/own-store.ts';

async function loadWithDemands(unsafeDirectory: string | undefined): Promise<{ project: Project; demands: string[] }> {
  const here =
    unsafeDirectory === undefined ? currentDirectory() : realHostDirectory('DIR', unsafeDirectory, currentDirectory);
  const project = await loadProject(expectProject(here));
  const demands = await demandsOfProject(project, surveyHost());
  print(printable(`${JSON.stringify(project.directory)}: ${trustText(project, demands)}`));
  return { project, demands };
}

/** Shows what a project asks for in all its environments; gives 1 where it is not trusted. Throws a ProjectError. */
export async function showTrust(unsafeDirectory: string | undefined): Promise<number> {
  const { project, demands } = await loadWithDemands(unsafeDirectory);
  const has = isTrusted(ownStore(), project.directory, project.digest, demands);
  print(has ? 'It is trusted.\n' : 'It is not trusted.\n');
  return has ? 0 : 1;
}

/** Shows the same, and trusts it. Throws a ProjectError. */
export async function trustProject(unsafeDirectory: string | undefined): Promise<number> {
  const { project, demands } = await loadWithDemands(unsafeDirectory);
  const { directory, digest } = project;
  setTrusted(ownStore(), { directory, digest, demands });
  print('It is trusted now, as long as these files stay as they are.\n');
  return 0;
}

/** Takes trust away; the project's files need not be there any more. Throws the StoreError of whileWriting. */
export async function revokeProject(unsafeDirectory: string | undefined): Promise<number> {
  const here = unsafeDirectory === undefined ? currentDirectory() : absolute(unsafeDirectory);
  const directory = findProject(here) ?? here;
  const store = ownStore();
  removeShims(store, directory);
  // Not while `sandbox add` is about to let it go on (keep-trust.ts).
  const wasTrusted = await whileWriting(store, directory, async () => revokeTrust(store, directory));
  note(wasTrusted ? `${directory} is not trusted any more` : `${directory} was not trusted`);
  return 0;
}

/** Shims have what was trusted compiled in. */
function removeShims(store: string, directory: string): void {
  const names = [...readAllShims(store, directory).values()].flatMap((record) => record.names);
  if (names.length === 0 || !existsSync(fsPath(directory))) return;
  removeShimFiles(store, directory, names);
  note(`its shims are removed: ${names.join(', ')}`);
}

function absolute(unsafePath: string): string {
  return realPathIfAny(unsafePath.startsWith('/') ? unsafePath : `${currentDirectory()}/${unsafePath}`);
}

export function listTrust(): number {
  const trusted = listTrusted(ownStore());
  print(
    tableForOutput(
      [
        { heading: 'DIRECTORY', text: ({ directory }) => directory, mayShrink: true },
        { heading: 'FILES', text: ({ digest }) => digest.slice(0, 12) },
        {
          heading: 'ASKS FOR',
          text: ({ demands }) =>
            demands.length === 0 ? 'nothing' : demands.length === 1 ? '1 thing' : `${demands.length} things`,
        },
        { heading: 'TRUSTED', text: ({ given }) => age(Date.parse(given), Date.now()) },
      ],
      trusted,
    ),
  );
  return 0;
}
