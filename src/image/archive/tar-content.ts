import type { BlobId } from '../../store/blobs.ts';
import { hasBlob } from '../../store/blobs.ts';
import { parseDigest } from '../../store/digest.ts';
import { algorithmOf, Spool } from '../../store/spool.ts';
import { ImageError } from '../error.ts';
import type { TarEntry } from '../unpack/tar/entry.ts';
import { type TarHandler, TarReader } from '../unpack/tar/reader.ts';
import { type ArchiveContent, DOCUMENTS, MOST_DOCUMENT_BYTES, plainName } from './content.ts';
import { corrupt, invalidArchive } from './error.ts';

/** Far more than the layers of any set of images; so many names fit into memory. */
const MOST_MEMBERS = 20_000;
const MOST_LINKS = 8;

type Member =
  | { readonly kind: 'document'; readonly bytes: Buffer }
  | { readonly kind: 'link'; readonly to: string }
  /** `spool`: undefined where the store had the blob before. */
  | { readonly kind: 'blob'; readonly blob: BlobId; readonly spool: Spool | undefined };

type Open =
  | { readonly kind: 'document'; readonly name: string; readonly parts: Buffer[] }
  | { readonly kind: 'blob'; readonly name: string; readonly spool: Spool }
  | undefined;

/**
 * A tar archive that was read from its beginning to its end, once: from a pipe nothing can be read again, and what a
 * member is for stands in documents that may come last. Members lie aside in the store under names of our own until it is
 * known which of them are wanted; nothing in the archive names a file of the host.
 */
export class TarContent implements ArchiveContent, TarHandler {
  readonly shown: string;
  readonly #store: string;
  readonly #members = new Map<string, Member>();
  /** By digest: what `store` asks for. */
  readonly #blobs = new Map<string, Extract<Member, { kind: 'blob' }>>();
  #open: Open;

  private constructor(store: string, shown: string) {
    this.#store = store;
    this.shown = shown;
  }

  /** Reads the archive. Throws an ImageError where it is no sound one, and a StoreError where the store is full. */
  static async read(store: string, shown: string, chunks: AsyncIterable<Buffer>): Promise<TarContent> {
    const content = new TarContent(store, shown);
    const reader = new TarReader(content);
    try {
      for await (const chunk of chunks) pushTo(reader, chunk, shown);
      endOf(reader, shown);
      return content;
    } catch (error) {
      content.close();
      throw error;
    }
  }

  entry(entry: TarEntry): void {
    const name = plainName(entry.name);
    if (name === undefined || name === '') return;
    if (this.#members.size >= MOST_MEMBERS) {
      throw invalidArchive(this.shown, `it has more than ${MOST_MEMBERS} members`);
    }
    if (entry.type === 'hardlink' || entry.type === 'symlink') this.#addLink(name, entry);
    if (entry.type !== 'file') return;
    if (entry.extents !== undefined) throw invalidArchive(this.shown, 'it has a sparse file, which no tool puts there');
    // The last of several members of one name counts.
    this.#members.delete(name);
    const digest = digestInName(name);
    const known = digest === undefined ? undefined : { digest, size: entry.size };
    if (DOCUMENTS.includes(name)) this.#open = this.#document(name, entry.size);
    // What the store has was verified: it need not be read again.
    else if (known !== undefined && hasBlob(this.#store, known)) this.#add(name, known, undefined);
    else this.#open = { kind: 'blob', name, spool: new Spool(this.#store, algorithmOf(digest)) };
  }

  data(chunk: Buffer, start: number, end: number): void {
    const bytes = chunk.subarray(start, end);
    // The reader's buffers are used again.
    if (this.#open?.kind === 'document') this.#open.parts.push(Buffer.from(bytes));
    else this.#open?.spool.write(bytes);
  }

  finish(): void {
    const open = this.#open;
    this.#open = undefined;
    if (open?.kind === 'document') {
      this.#members.set(open.name, { kind: 'document', bytes: Buffer.concat(open.parts) });
    } else if (open !== undefined) this.#add(open.name, open.spool.end(), open.spool);
  }

  document(name: string): Buffer | undefined {
    const member = this.#members.get(name);
    return member?.kind === 'document' ? member.bytes : undefined;
  }

  member(unsafeName: string): BlobId | undefined {
    let name = plainName(unsafeName);
    for (let links = 0; name !== undefined && links <= MOST_LINKS; links++) {
      const member = this.#members.get(name);
      if (member?.kind === 'blob') return member.blob;
      name = member?.kind === 'link' ? member.to : undefined;
    }
    return undefined;
  }

  async store({ digest, size }: BlobId): Promise<void> {
    if (hasBlob(this.#store, { digest, size })) return;
    const found = this.#blobs.get(digest);
    const named = this.member(`blobs/${digest.replace(':', '/')}`);
    if (found === undefined) {
      throw corrupt(
        this.shown,
        named === undefined ? `the blob ${digest} is missing` : `the blob ${digest} is not what its digest says`,
      );
    }
    if (found.blob.size !== size) {
      throw corrupt(this.shown, `the blob ${digest} has ${found.blob.size} bytes, and ${size} are stated`);
    }
    await found.spool?.commit(found.blob);
  }

  close(): void {
    if (this.#open?.kind === 'blob') this.#open.spool.discard();
    for (const { spool } of this.#blobs.values()) spool?.discard();
  }

  #document(name: string, size: number): Open {
    if (size > MOST_DOCUMENT_BYTES)
      throw invalidArchive(this.shown, `${name} has ${size} bytes, over the limit of 4 MiB`);
    return { kind: 'document', name, parts: [] };
  }

  #add(name: string, blob: BlobId, spool: Spool | undefined): void {
    const member = { kind: 'blob', blob, spool } as const;
    this.#members.set(name, member);
    if (this.#blobs.has(blob.digest)) spool?.discard();
    else this.#blobs.set(blob.digest, member);
  }

  /** Symbolic links are meant from where they are, hard links from the top: tar(5). */
  #addLink(name: string, { type, linkName }: TarEntry): void {
    const from = type === 'symlink' && !linkName.startsWith('/') ? name.slice(0, name.lastIndexOf('/') + 1) : '';
    const to = plainName(from + linkName);
    if (to !== undefined) this.#members.set(name, { kind: 'link', to });
  }
}

function digestInName(name: string) {
  const [, algorithm, hex] = /^blobs\/(sha256|sha512)\/([0-9a-f]+)$/.exec(name) ?? [];
  return parseDigest(`${algorithm}:${hex}`);
}

/** The reader speaks of layers, which is what it mostly reads. */
function pushTo(reader: TarReader, chunk: Buffer, shown: string): void {
  try {
    reader.push(chunk);
  } catch (error) {
    throw asArchive(error, shown);
  }
}

function endOf(reader: TarReader, shown: string): void {
  try {
    reader.end();
  } catch (error) {
    throw asArchive(error, shown);
  }
}

function asArchive(error: unknown, shown: string): unknown {
  if (!(error instanceof ImageError) || error.code !== 'UNPACK') return error;
  return corrupt(shown, error.message.replace('the layer is no sound tar archive', 'it is no sound tar archive'));
}
