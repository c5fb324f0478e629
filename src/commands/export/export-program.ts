import { readdirSync } from 'node:fs';
import { readLayerFile } from '../../host/layer-files.ts';
import { ownCommand } from '../../linux/own-command.ts';
import { fsPath } from '../../linux/paths.ts';
import { currentDirectory } from '../../linux/proc-self.ts';
import { findProject } from '../../project/find.ts';
import { loadProject } from '../../project/load.ts';
import { shimPath } from '../../project/shim/files.ts';
import { parseShimName } from '../../project/shim/name.ts';
import { keptChanges, keptSandbox } from '../../sandbox/kept.ts';
import { note, print } from '../../ui/output.ts';
import { UsageError } from '../arguments/usage-error.ts';
import { shellQuote } from '../completion/shell-quote.ts';
import { makeShims } from '../shim/make-shims.ts';
import { mayHave } from '../shim/shims-here.ts';
import { imageRoot, nameOfImage } from '../spec/find-image.ts';
import { ownStore } from '../spec/own-store.ts';
import { type Application, desktopEntry, parseApplication } from './desktop-entry.ts';
import {
  desktopFileName,
  type Exported,
  exportedNames,
  MARK,
  placesOf,
  removeExported,
  writeExport,
} from './places.ts';

export interface ExportWishes {
  readonly program: string;
  /** Name of an environment, a kept sandbox or an image; undefined: the default environment of the project here. */
  readonly from: string | undefined;
  readonly name: string;
  readonly desktop: boolean;
  readonly force: boolean;
  /** Options of `run` that show parts of the session. */
  readonly session: readonly string[];
}

/** What is put into ~/.local/bin, and where the sandbox's applications are: a path in layers, uppermost first. */
interface Source {
  readonly exported: Exported;
  readonly layers: readonly string[];
  readonly applications: string;
}

const APPLICATIONS = '/usr/share/applications';

/** Exports a program and gives the status. Throws a ProjectError, UsageError, and what preparing an environment throws. */
export async function exportProgram(wishes: ExportWishes): Promise<number> {
  parseShimName(wishes.program);
  const name = parseShimName(wishes.name);
  const { exported, ...source } = await sourceOf(wishes);
  const places = placesOf(process.env);
  const path = `${places.bin}/${name}`;
  writeExport(path, exported, wishes);
  print(`${path}\n`);
  if (wishes.desktop) {
    const application = applicationOf(source, wishes.program);
    if (application === undefined)
      note(`${wishes.program} has no .desktop file in the sandbox: the entry has its name only`);
    const text = desktopEntry(application ?? { name, terminal: false }, [path], MARK);
    const entry = `${places.applications}/${desktopFileName(name)}`;
    writeExport(entry, { text, mode: 0o644 }, wishes);
    print(`${entry}\n`);
  }
  if (!(process.env.PATH ?? '').split(':').includes(places.bin)) {
    note(`${places.bin} is not on PATH: put it there in your shell's profile`);
  }
  return 0;
}

async function sourceOf({ program, from, session }: ExportWishes): Promise<Source> {
  const store = ownStore();
  const directory = findProject(currentDirectory());
  const environment = from ?? 'default';
  if (directory !== undefined && (from === undefined || (await loadProject(directory)).environments.has(from))) {
    if (session.length > 0) {
      throw new UsageError(`${session.join(', ')}: what an environment shows of the session is said in sandbox.toml`, {
        hint: `session = [${session.map((option) => JSON.stringify(option.slice(2))).join(', ')}]`,
      });
    }
    const ready = await makeShims({ directory, environment, names: [program], frozen: undefined, quiet: false });
    if (!mayHave(ready, program)) {
      note(
        `${program}: the environment ${environment} has no such program on PATH: what is exported ends with status 127`,
      );
    }
    const { root } = ready;
    const layers = root.kind === 'host' ? ['/'] : root.layers;
    // A link: what makes the shim anew makes this one anew.
    return { exported: { link: `${shimPath(store, directory)}/${program}` }, layers, applications: APPLICATIONS };
  }
  if (from === undefined) throw new UsageError('no project is here', { hint: 'say where the program is: --from' });
  const kept = keptSandbox(store, from);
  if (kept !== undefined) {
    const exported = script(['shell', '--name', from, ...session, '--', program]);
    const changes = keptChanges(store, from);
    // On the host's system the changes of /usr lie by themselves (plan/root.ts).
    if (kept.rootfs.kind === 'host')
      return { exported, layers: [`${changes}%2Fusr`, '/usr'], applications: APPLICATIONS.slice('/usr'.length) };
    const below = kept.rootfs.kind === 'image' ? kept.rootfs.layers : [kept.rootfs.path];
    return { exported, layers: [changes, ...below], applications: APPLICATIONS };
  }
  const { full } = await nameOfImage(from);
  const { rootfs } = await imageRoot(from, { platform: undefined, pull: undefined, quiet: false });
  return {
    exported: script(['run', ...session, full, '--', program]),
    layers: rootfs.layers,
    applications: APPLICATIONS,
  };
}

/** `exec`: nothing of the shell remains. The words are ours and a name that was looked up; all in quotes. */
function script(words: readonly string[]): Exported {
  const [path = '', ...own] = ownCommand('');
  const command = [path, ...own.slice(0, -1), ...words].map(shellQuote).join(' ');
  return { text: `#!/bin/sh\n# ${MARK}\nexec ${command} "$@"\n`, mode: 0o755 };
}

/** Of one file, and of a directory: more is no application's. */
const MOST_BYTES = 262_144;
const MOST_FILES = 2000;

/** What the sandbox's own file says of a program. */
function applicationOf(
  { layers, applications }: Pick<Source, 'layers' | 'applications'>,
  program: string,
): Application | undefined {
  const names = new Set(layers.flatMap((layer) => namesIn(`${layer}${applications}`)).slice(0, MOST_FILES));
  for (const name of names) {
    const content = readLayerFile(layers, `${applications}/${name}`, MOST_BYTES);
    const application = content && parseApplication(content.toString('utf8'), program);
    if (application !== undefined) return application;
  }
  return undefined;
}

/** Names only: what they are is looked at beneath the layers. */
function namesIn(path: string): string[] {
  try {
    return readdirSync(fsPath(path)).filter((name) => name.endsWith('.desktop'));
  } catch {
    return [];
  }
}

/** Prints the names of what was exported; for programs with their paths. */
export function listExports(json: boolean): number {
  const places = placesOf(process.env);
  const names = exportedNames(places);
  const asJson = (): string => {
    const rows = names.map((name) => ({ name, path: `${places.bin}/${name}` }));
    return `${JSON.stringify(rows, null, 2)}\n`;
  };
  print(json ? asJson() : names.map((name) => `${name}\n`).join(''));
  return 0;
}

/** Removes what was exported under a name. */
export function removeExport(unsafeName: string): number {
  const name = parseShimName(unsafeName);
  if (!removeExported(placesOf(process.env), name)) {
    throw new UsageError(`${name} was not exported`, { hint: '`sandbox export --list` lists what was' });
  }
  print(`${name}\n`);
  return 0;
}
