import { copyFileSync, readFileSync } from 'node:fs';
import { PLACE } from '../../test/support/registry/place.ts';
import { makeImages } from '../../test/support/registry/registry.ts';
import { serve } from '../../test/support/registry/serve.ts';
import { type Account, environmentOf } from '../ground/account.ts';
import type { Ground } from '../ground/ground.ts';
import { output, refusal } from '../measure/process.ts';

/** Images to measure with: the same ones that the tests have, from a registry of this machine. */
export interface Beds {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** The layers of bigapp on the disk of the run, from the lowest up. */
  readonly gzip: readonly string[];
  readonly zstd: readonly string[];
  readonly plain: readonly string[];
  /** The whole tree of bigapp in a directory of the account with subordinate ids; undefined where umoci failed. */
  readonly tree: string | undefined;
  stop(): Promise<void>;
}

/** Enters a user namespace that has the account's subordinate ids, as its root. */
export const AS_ROOT = ['/usr/bin/unshare', '--map-root-user', '--map-auto'] as const;

interface Manifest {
  readonly layers: readonly { readonly digest: string }[];
}

/** Makes the images, once, and copies to the run's disk what is measured there. */
export async function prepareBeds({ disk, full }: Ground): Promise<Beds> {
  await makeImages(['debian:bookworm', 'bigapp:1', 'bigapp:1-zstd']);
  const blobs = (layout: string, suffix: string): string[] =>
    layersOf(layout, 'bigapp').map((digest, at) => {
      const copy = `${disk}/bigapp-${at}${suffix}`;
      copyFileSync(`${layout}/blobs/${digest.replace(':', '/')}`, copy);
      return copy;
    });
  const [gzip, zstd] = [blobs(PLACE.layout, '.tar.gz'), blobs(PLACE.zstdLayout, '.tar.zst')];
  const plain = gzip.map((path) => path.replace(/\.gz$/, ''));
  const root = { ...full, name: 'root', uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  for (const path of gzip) output({ argv: ['/usr/bin/gzip', '-dkf', path], account: root, cwd: disk });
  const tree = unpackTree(full);
  const { host, stop } = await serve();
  return { host, gzip, zstd, plain, tree, stop };
}

function layersOf(layout: string, tag: string): string[] {
  const read = <Shape>(path: string): Shape => JSON.parse(readFileSync(`${layout}/${path}`, 'utf8'));
  const { manifests } = read<{ manifests: { digest: string; annotations?: Record<string, string> }[] }>('index.json');
  const found = manifests.find(({ annotations }) => annotations?.['org.opencontainers.image.ref.name'] === tag);
  if (found === undefined) throw new Error(`${layout} has no ${tag}`);
  return read<Manifest>(`blobs/${found.digest.replace(':', '/')}`).layers.map(({ digest }) => digest);
}

function unpackTree(account: Account): string | undefined {
  const bundle = `${account.home}/bigapp`;
  const argv = [...AS_ROOT, 'umoci', 'unpack', '--image', `${PLACE.layout}:bigapp`, bundle];
  const refused = refusal({ argv, account, env: environmentOf(account) });
  if (refused === undefined) return `${bundle}/rootfs`;
  process.stderr.write(`no tree to compare with: ${refused}\n`);
  return undefined;
}

/** Gives what removes directories of the account and waits until the disk has nothing left to write. */
export function cleaner({ disk, full }: Ground, ...paths: readonly string[]): () => void {
  const sync = ['/usr/bin/sync', '--file-system', disk];
  return () => {
    output({ argv: [...AS_ROOT, 'rm', '-rf', ...paths], account: full });
    output({ argv: sync, account: full });
  };
}
