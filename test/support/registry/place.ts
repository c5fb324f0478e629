import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { TEST_BASE } from '../base.ts';

/** What is kept was made by this version: a change of the images is to raise it. */
const VERSION = 1;

/** The images, by what a pull names them after the registry's address. */
export const IMAGES = [
  /** One layer: a static busybox with its links, two users. */
  'busybox:1',
  /** An index of the same for amd64 and arm64. */
  'multi:1',
  /** Busybox, with everything in its configuration that a command can get from an image. */
  'configured:1',
  /** One layer: a minimal Debian. */
  'debian:bookworm',
  /** Three layers: Debian, what installing Git, Node and Python changes, and odd entries; more than 10,000 files. */
  'bigapp:1',
  /** The same trees from layers in zstd. */
  'bigapp:1-zstd',
  /** The same layers with the manifest and media types of Docker's schema 2. */
  'bigapp:1-docker',
  /** One layer: dnf, zypper and pacman without apt, with repositories of two packages. */
  'managers:1',
  /** Two layers of the tests' own tar writer, with everything that unpackers are known to get wrong. */
  'nasty:1',
  /** The same in zstd. */
  'nasty:1-zstd',
  /** The same layers with the manifest and media types of Docker's schema 2. */
  'nasty:1-docker',
  /** The lower one of these two layers, and one with what umoci cannot unpack. */
  'beyond:1',
] as const;

export type ImageName = (typeof IMAGES)[number];

/** Where all versions lie. */
export const REGISTRY_BASE = `${TEST_BASE}/registry`;

/** Where images of this version are made and kept. */
export const PLACE = {
  root: `${REGISTRY_BASE}/${VERSION}`,
  /** Uncompressed layers. */
  layers: `${REGISTRY_BASE}/${VERSION}/layers`,
  /** An OCI layout with all images, and one for what is in zstd. */
  layout: `${REGISTRY_BASE}/${VERSION}/oci`,
  zstdLayout: `${REGISTRY_BASE}/${VERSION}/oci-zstd`,
  /** The registry's own storage. */
  storage: `${REGISTRY_BASE}/${VERSION}/storage`,
  /** An empty file for each image that the registry holds. */
  done: `${REGISTRY_BASE}/${VERSION}/done`,
} as const;

/** Makes the directories. Throws where someone else made them first: /var/tmp is everyone's. */
export function makePlace(): void {
  for (const path of [TEST_BASE, REGISTRY_BASE, ...Object.values(PLACE)]) {
    if (path === PLACE.layout || path === PLACE.zstdLayout) continue;
    mkdirSync(path, { recursive: true, mode: 0o755 });
    const found = lstatSync(path);
    if (!found.isDirectory() || found.uid !== process.getuid?.()) throw new Error(`${path} is not ours: remove it`);
    chmodSync(path, 0o755);
  }
}
