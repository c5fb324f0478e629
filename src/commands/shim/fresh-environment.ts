import { existsSync } from 'node:fs';
import { ProjectError } from '../../project/error.ts';
import { LOCK_FILE } from '../../project/find.ts';
import { hasCaches, type ReadyEnvironment } from '../../project/record.ts';
import { contentsOf, settledContents, stampOfConfig } from '../../project/shim/contents.ts';
import { shimPath } from '../../project/shim/files.ts';
import { readShims, type ShimRecord } from '../../project/shim/record.ts';
import { stampOf } from '../../project/stamp.ts';
import { isSoundLayer } from '../../store/layers.ts';
import { note } from '../../ui/output.ts';
import { ownStore } from '../spec/own-store.ts';
import { makeShims, writeAll } from './make-shims.ts';

/** A shim that could not go on by itself. */
export interface CalledShim {
  readonly directory: string;
  readonly environment: string;
  readonly name: string;
}

/**
 * Gives the environment that a shim is to start its program in. Where the project's files say what they said when it was made, the
 * shims are made anew without a word; where they do not, that is an error, unless they are to refresh themselves. Throws a
 * ProjectError of code SHIM or UNTRUSTED, and what preparing the environment throws.
 */
export async function freshEnvironment({ directory, environment, name }: CalledShim): Promise<ReadyEnvironment> {
  const store = ownStore();
  const record = readShims(store, directory, environment);
  const refresh = `sandbox shim ${environment === 'default' ? '' : `--env ${environment} `}${name}`;
  if (record === undefined || !record.names.includes(name)) throw stale(name, 'it is not known here any more', refresh);
  const why = whyStale(store, record.ready, { name, contents: record.contents });
  if (why === undefined) {
    if (!isSameConfig(record)) await expectStillTrusted({ directory, environment, name });
    // Making them anew takes the whole environment.
    if (!hasCaches(store, record.ready))
      return await makeShims({ directory, environment, names: [name], frozen: undefined, quiet: true });
    await renew(store, record.ready, record.names);
    return record.ready;
  }
  if (record.ready.shimRefresh !== 'automatic') throw stale(name, why, refresh);
  note(`${name}: ${why}: preparing the environment`);
  return await makeShims({ directory, environment, names: [name], frozen: undefined, quiet: false });
}

function isSameConfig({ config }: ShimRecord): boolean {
  const now = stampOfConfig();
  return config?.path === now.path && config.state === now.state;
}

/** What the configuration says about a directory decides on trust, too, and may have been written since. */
async function expectStillTrusted({ directory, environment }: CalledShim): Promise<void> {
  const [{ loadProject }, { environmentOf }, { expectTrust }, { surveyHost }] = await Promise.all([
    import('../../project/load.ts'),
    import('../project/environment.ts'),
    import('../project/trust/expect-trust.ts'),
    import('../../host/survey.ts'),
  ]);
  const project = await loadProject(directory);
  await expectTrust(project, environmentOf(project, environment), surveyHost());
}

function whyStale(
  store: string,
  { directory, root }: ReadyEnvironment,
  { name, contents }: { readonly name: string; readonly contents: string },
): string | undefined {
  if (contentsOf(directory) !== contents) return whatChanged(directory);
  // They are taken away with the project's trust.
  if (!existsSync(`${shimPath(store, directory)}/${name}`)) return 'it was taken back';
  if (root.kind === 'image' && !root.layers.every((tree) => isSoundLayer(tree.slice(0, -'/tree'.length))))
    return 'layers of its environment were removed';
  return undefined;
}

/** Which file it was is told by time; there may be more than one. */
function whatChanged(directory: string): string {
  const newest = ['sandbox.toml', 'sandbox.local.toml', LOCK_FILE]
    .map((file) => ({ file, changed: BigInt(stampOf(`${directory}/${file}`).state.split(' ')[3] ?? 0) }))
    .reduce((a, b) => (b.changed > a.changed ? b : a));
  return newest.changed === 0n ? 'sandbox.toml is gone' : `${newest.file} has changed since it was made`;
}

function stale(name: string, why: string, refresh: string): ProjectError {
  return new ProjectError('SHIM', `the shim ${name} is stale: ${why}`, { hint: `refresh: ${refresh}` });
}

/** Only what the launchers compare has changed. Where they cannot be written the program starts all the same. */
async function renew(store: string, ready: ReadyEnvironment, names: readonly string[]): Promise<void> {
  try {
    const settled = await settledContents(ready.directory);
    if (settled.contents === readShims(store, ready.directory, ready.environment)?.contents)
      await writeAll(store, ready, { names, ...settled }, true);
  } catch (error) {
    note(
      `the shims of ${ready.directory} cannot be written: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
