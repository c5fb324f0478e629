import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { fsPath } from '../../linux/paths.ts';
import { currentDirectory } from '../../linux/proc-self.ts';
import { isTerminal } from '../../linux/terminal.ts';
import { ProjectError } from '../../project/error.ts';
import { expectProject } from '../../project/find.ts';
import { loadProject } from '../../project/load.ts';
import type { ReadyEnvironment } from '../../project/record.ts';
import { contentsOf } from '../../project/shim/contents.ts';
import { shimPath } from '../../project/shim/files.ts';
import { parseShimName } from '../../project/shim/name.ts';
import { readAllShims } from '../../project/shim/record.ts';
import { note, print } from '../../ui/output.ts';
import { printable } from '../../ui/printable.ts';
import { tableForOutput } from '../../ui/table.ts';
import { ownStore } from '../spec/own-store.ts';
import { DEFAULT_PATH } from '../spec/sandbox-environment.ts';
import { makeShims, removeShims, type ShimWishes } from './make-shims.ts';

type Wishes = Omit<ShimWishes, 'directory' | 'environment' | 'names'> & {
  readonly environment: string | undefined;
  /** Files in the way are written over. */
  readonly force: boolean;
};

/** Makes the shims that were named, or those that sandbox.toml lists, and gives the status. Throws a ProjectError. */
export async function shimsHere(unsafeNames: readonly string[], wishes: Wishes): Promise<number> {
  const directory = expectProject(currentDirectory());
  const { environment, force } = wishes;
  const wanted =
    unsafeNames.length > 0 ? new Map([[environment ?? 'default', unsafeNames]]) : await listed(directory, environment);
  for (const [name, unsafeShims] of wanted) {
    const names = unsafeShims.map(parseShimName);
    if (!force) refuseOthers(directory, names);
    const ready = await makeShims({ ...wishes, directory, environment: name, names });
    for (const missing of names.filter((each) => !mayHave(ready, each))) {
      note(`${missing}: the environment ${name} has no such program on PATH: its shim ends with status 127`);
    }
    const paths = names.map((each) => `${directory}/.sandbox/bin/${each}\n`).join('');
    // Programs get them as they are.
    print(isTerminal(1) ? printable(paths) : paths);
  }
  return 0;
}

/** `shims` of the environments. A program that several have, since the list is inherited, is that of the first one. */
async function listed(directory: string, only: string | undefined): Promise<Map<string, readonly string[]>> {
  const { environments } = await loadProject(directory);
  if (only !== undefined && !environments.has(only)) {
    throw new ProjectError('UNKNOWN', `sandbox.toml has no environment ${JSON.stringify(only)}`, {
      hint: `it has ${[...environments.keys()].join(', ')}`,
    });
  }
  const taken = new Set<string>();
  const lists = new Map<string, readonly string[]>();
  for (const { name, shims } of environments.values()) {
    const own = only === undefined || name === only ? shims.filter((each) => !taken.has(each)) : [];
    for (const each of own) taken.add(each);
    if (own.length > 0) lists.set(name, own);
  }
  if (lists.size > 0) return lists;
  throw new ProjectError('SHIM', 'no shims are named', {
    hint: 'name programs: sandbox shim node npm; or list them in sandbox.toml: shims = ["node", "npm"]',
  });
}

/** A file that is there already and is no shim of ours was put there by somebody, who may want it. */
function refuseOthers(directory: string, names: readonly string[]): void {
  const store = ownStore();
  for (const name of names) {
    const path = `${directory}/.sandbox/bin/${name}`;
    const about = lstatSync(fsPath(path), { throwIfNoEntry: false });
    if (about === undefined || isOurs(path, `${shimPath(store, directory)}/${name}`)) continue;
    throw new ProjectError('SHIM', `${path} is there already, and is no shim that was made here`, {
      hint: 'look at it, and write over it with --force',
    });
  }
}

/** The same bytes as the copy that nobody else can write, or at least a launcher of the same make. */
function isOurs(path: string, copy: string): boolean {
  try {
    if (!lstatSync(fsPath(path)).isFile()) return false;
    return readFileSync(fsPath(path)).equals(readFileSync(copy));
  } catch {
    return false;
  }
}

/** Whether the environment may have a program: links to elsewhere count, since a look along them takes the sandbox. */
export function mayHave({ root, variables }: ReadyEnvironment, name: string): boolean {
  const path = variables.find(([variable]) => variable === 'PATH')?.[1];
  if (root.kind === 'host') {
    const places = (path ?? process.env.PATH ?? DEFAULT_PATH).split(':');
    return places.some((place) => place.startsWith('/') && existsSync(`${place}/${name}`));
  }
  // An image may say another PATH than this: a warning that is missing is better than one that is wrong.
  if (path !== undefined) return true;
  const places = [...DEFAULT_PATH.split(':'), '/usr/local/go/bin', '/usr/local/cargo/bin', '/opt/bin'];
  return root.layers.some((layer) =>
    places.some((place) => lstatSync(fsPath(`${layer}${place}/${name}`), { throwIfNoEntry: false }) !== undefined),
  );
}

/** Prints the shims of the project here. */
export function listShims(json: boolean): number {
  const directory = expectProject(currentDirectory());
  const store = ownStore();
  const contents = contentsOf(directory);
  const rows = [...readAllShims(store, directory)].flatMap(([environment, record]) =>
    record.names.map((name) => {
      const path = `${directory}/.sandbox/bin/${name}`;
      const isWhole = isOurs(path, `${shimPath(store, directory)}/${name}`);
      const state = record.contents !== contents ? 'stale' : isWhole ? 'ready' : 'changed';
      return { name, environment, state, path };
    }),
  );
  if (json) print(`${JSON.stringify(rows, null, 2)}\n`);
  else {
    print(
      tableForOutput(
        [
          { heading: 'NAME', text: ({ name }) => name },
          { heading: 'ENVIRONMENT', text: ({ environment }) => environment },
          { heading: 'STATE', text: ({ state }) => state },
        ],
        rows,
      ),
    );
  }
  return 0;
}

/** Removes the shims that are named, or all of the environment, or of all environments. */
export function unmakeShims(names: readonly string[], only: string | undefined): number {
  const directory = expectProject(currentDirectory());
  const store = ownStore();
  const environments = [...readAllShims(store, directory).keys()].filter((name) => only === undefined || name === only);
  const removed = environments.flatMap((environment) => removeShims(store, directory, environment, names));
  const missing = names.filter((name) => !removed.includes(name));
  if (missing.length > 0)
    throw new ProjectError('UNKNOWN', `there is no shim ${missing.join(', ')}`, { hint: 'sandbox shim --list' });
  print(removed.map((name) => `${name}\n`).join(''));
  return 0;
}
