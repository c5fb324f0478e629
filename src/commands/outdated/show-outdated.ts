import { loadConfig } from '../../config/load.ts';
import { readContent } from '../../image/local.ts';
import type { Reference } from '../../image/model.ts';
import { formatReference } from '../../image/reference.ts';
import { openRepository } from '../../image/registry/repository.ts';
import { currentDirectory } from '../../linux/proc-self.ts';
import { expectProject } from '../../project/find.ts';
import { loadProject } from '../../project/load.ts';
import { topDigest } from '../../project/lock/changes.ts';
import { type LockedImage, readLock } from '../../project/lock/lock.ts';
import type { Digest } from '../../store/digest.ts';
import { note, print } from '../../ui/output.ts';
import { tableForOutput } from '../../ui/table.ts';
import { interruptible } from '../image/interrupted.ts';
import { age } from '../ps/age.ts';
import { referenceTo } from '../spec/find-image.ts';
import { ownStore } from '../spec/own-store.ts';

/** An image of the project, and what its registry says. The stable form for programs: docs/lock.md. */
interface Compared {
  /** As sandbox.toml writes it. */
  readonly image: string;
  readonly name: string;
  /** `pinned`: sandbox.toml has the digest; `local`: no registry has it; `unknown`: its registry could not be asked. */
  readonly status: 'current' | 'outdated' | 'not-locked' | 'pinned' | 'local' | 'unknown';
  readonly locked: Digest | null;
  readonly available: Digest | null;
  /** When the locked one was made, RFC 3339; null where it is not here. */
  readonly created: string | null;
}

/** Compares the images of the project here with the registries; gives the status. Throws a ProjectError and an ImageError. */
export async function showOutdated(options: { readonly exitCode: boolean; readonly json: boolean }): Promise<number> {
  const directory = expectProject(currentDirectory());
  const { environments } = await loadProject(directory);
  const lock = await readLock(directory);
  const names = [...new Set([...environments.values()].map(({ image }) => image))].filter((image) => image !== 'host');
  const compared = await interruptible(
    async (signal) =>
      await Promise.all(names.sort().map(async (image) => await compare(image, lock.images.get(image), signal))),
  );
  print(options.json ? `${JSON.stringify(compared, null, 2)}\n` : table(compared));
  if (compared.some(({ status }) => status === 'unknown')) return 125;
  return options.exitCode && compared.some(({ status }) => status === 'outdated') ? 1 : 0;
}

async function compare(image: string, locked: LockedImage | undefined, signal: AbortSignal): Promise<Compared> {
  const reference = await referenceTo(image);
  const about = {
    image,
    name: formatReference(reference),
    locked: (locked && topDigest(locked)) ?? null,
    available: null,
    created: createdOf(locked),
  };
  if (reference.digest !== undefined) return { ...about, status: 'pinned' };
  if (reference.registry === 'localhost') return { ...about, status: 'local' };
  try {
    const available = await digestNow(reference, signal);
    if (locked === undefined) return { ...about, available, status: 'not-locked' };
    // A name that went over from an index to its image is the same image.
    const isCurrent = locked.index === available || [...locked.platforms.values()].includes(available);
    return { ...about, available, status: isCurrent ? 'current' : 'outdated' };
  } catch (error) {
    if (signal.aborted || !(error instanceof Error)) throw error;
    note(`${about.name}: ${error.message}`);
    return { ...about, status: 'unknown' };
  }
}

/** Asks for the digest only, where the registry says it: docker.io does not count that as a pull. */
async function digestNow(reference: Reference, signal: AbortSignal): Promise<Digest> {
  const { env: environment } = process;
  const repository = openRepository(reference, { config: await loadConfig(environment), environment });
  const tag = reference.tag ?? 'latest';
  return (await repository.head(tag, signal)) ?? (await repository.manifest(tag, signal)).digest;
}

/** What the config of an image of the store says. */
function createdOf(locked: LockedImage | undefined): string | null {
  for (const digest of locked?.platforms.values() ?? []) {
    try {
      return readContent(ownStore(), digest).config.created ?? null;
    } catch {
      // Of this platform nothing is here.
    }
  }
  return null;
}

const SHORT = 12;

function table(compared: readonly Compared[]): string {
  const short = (digest: Digest | null): string =>
    digest === null ? '-' : digest.slice(digest.indexOf(':') + 1).slice(0, SHORT);
  return tableForOutput(
    [
      { heading: 'IMAGE', text: ({ image }) => image, mayShrink: true },
      { heading: 'LOCKED', text: ({ locked }) => short(locked) },
      { heading: 'AVAILABLE', text: ({ available }) => short(available) },
      { heading: 'CREATED', text: ({ created }) => age(Date.parse(created ?? ''), Date.now()) },
      { heading: 'STATUS', text: ({ status }) => status.replace('-', ' ') },
    ],
    compared,
  );
}
