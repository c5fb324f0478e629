import { formatReference } from '../../image/reference.ts';
import { byteText } from '../../ui/quantity.ts';
import { type Column, tableForOutput } from '../../ui/table.ts';
import { age } from '../ps/age.ts';
import { referenceTo } from '../spec/find-image.ts';
import { type StoredInfo, sizeOf, storedImages } from './stored.ts';

export interface ListOptions {
  readonly all: boolean;
  readonly digests: boolean;
  readonly noTrunc: boolean;
  readonly quiet: boolean;
  readonly json: boolean;
}

const SHORT_ID = 12;
const NONE = '<none>';

/** Takes a full name and gives what stands before and after the tag's colon. */
function splitName(name: string | undefined): { repository: string; tag: string } {
  if (name === undefined) return { repository: NONE, tag: NONE };
  const bare = name.split('@')[0] ?? name;
  const colon = bare.indexOf(':', bare.lastIndexOf('/') + 1);
  return colon === -1
    ? { repository: bare, tag: NONE }
    : { repository: bare.slice(0, colon), tag: bare.slice(colon + 1) };
}

/** The stable form for programs: docs/images.md. */
function listed(image: StoredInfo): object {
  const { name, id, stored, content } = image;
  const { os, architecture, variant } = stored.platform;
  return {
    id,
    name: name ?? null,
    digest: stored.manifest.digest,
    platform: { os, architecture, ...(variant === undefined ? {} : { variant }) },
    created: content?.config.created ?? null,
    pulled: stored.pulled,
    size: sizeOf(image) ?? null,
    layers: content?.manifest.layers.length ?? null,
  };
}

async function selected(unsafeName: string | undefined, all: boolean): Promise<StoredInfo[]> {
  const images = storedImages().filter(({ name }) => all || name !== undefined);
  if (unsafeName === undefined) return images;
  const reference = await referenceTo(unsafeName);
  const { registry, repository } = reference;
  const suffix = /[:@]/.test(unsafeName.slice(unsafeName.lastIndexOf('/') + 1));
  const full = suffix ? formatReference(reference) : undefined;
  return images.filter(({ name }) =>
    full === undefined ? splitName(name).repository === `${registry}/${repository}` : name === full,
  );
}

/** Gives the text of the list of images. Throws a StoreError, and an ImageError for a name that is none. */
export async function listImages(unsafeName: string | undefined, options: ListOptions): Promise<string> {
  const images = await selected(unsafeName, options.all);
  images.sort((a, b) => (a.stored.pulled < b.stored.pulled ? 1 : -1));
  if (options.json) return `${JSON.stringify(images.map(listed), null, 2)}\n`;
  const shown = ({ id }: StoredInfo): string => (options.noTrunc ? id : id.slice(0, SHORT_ID));
  if (options.quiet) return [...new Set(images.map(shown))].map((id) => `${id}\n`).join('');
  const columns: Column<StoredInfo>[] = [
    { heading: 'REPOSITORY', text: ({ name }) => splitName(name).repository, mayShrink: !options.noTrunc },
    { heading: 'TAG', text: ({ name }) => splitName(name).tag },
    ...(options.digests ? [{ heading: 'DIGEST', text: ({ stored }: StoredInfo) => stored.manifest.digest }] : []),
    { heading: 'IMAGE ID', text: shown },
    { heading: 'CREATED', text: ({ content }) => age(Date.parse(content?.config.created ?? ''), Date.now()) },
    { heading: 'SIZE', text: (image) => sizeText(image) },
  ];
  return tableForOutput(columns, images);
}

function sizeText(image: StoredInfo): string {
  const size = sizeOf(image);
  return size === undefined ? 'damaged' : byteText(size);
}
