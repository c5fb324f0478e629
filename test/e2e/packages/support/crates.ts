import { createHash } from 'node:crypto';
import { deflateSync, gzipSync } from 'node:zlib';
import { archive } from '../../../support/tar/write.ts';

/** A library in Rust as its registry has it, and a project that uses it. */
export interface Crate {
  readonly archive: Buffer;
  /** A bare Git repository that is the registry's index: the Cargo book, "Index Format". */
  readonly index: Readonly<Record<string, Buffer>>;
}

/** Makes the crate `greeting`. `source`: where it is downloaded, `URL/greeting/1.0.0/download`. */
export function crate(source: string): Crate {
  const files = {
    'Cargo.toml': '[package]\nname = "greeting"\nversion = "1.0.0"\nedition = "2021"\n',
    'src/lib.rs': 'pub fn greet() -> &\'static str { "hello" }\n',
  };
  const members = Object.entries(files).map(([name, data]) => ({ name: `greeting-1.0.0/${name}`, data }));
  const bytes = gzipSync(archive(members));
  const about = { name: 'greeting', vers: '1.0.0', deps: [], cksum: sha256(bytes), features: {}, yanked: false };
  return { archive: bytes, index: repository({ 'config.json': { dl: source }, 'gr/ee/greeting': about }) };
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Gives the files of a repository with one commit: gitformat-loose(5), gitrepository-layout(5). */
function repository(files: Readonly<Record<string, unknown>>): Readonly<Record<string, Buffer>> {
  const found: Record<string, Buffer> = {
    HEAD: Buffer.from('ref: refs/heads/master\n'),
    config: Buffer.from('[core]\n\trepositoryformatversion = 0\n\tbare = true\n'),
  };
  const store = (kind: string, content: Buffer): string => {
    const object = Buffer.concat([Buffer.from(`${kind} ${content.length}\0`), content]);
    const hex = createHash('sha1').update(object).digest('hex');
    found[`objects/${hex.slice(0, 2)}/${hex.slice(2)}`] = deflateSync(object);
    return hex;
  };
  const tree = (directory: string): string => {
    const below = Object.keys(files).filter((path) => path.startsWith(directory));
    const names = [...new Set(below.map((path) => path.slice(directory.length).split('/')[0] ?? ''))].sort();
    const entries = names.map((name) => {
      const path = `${directory}${name}`;
      const isFile = path in files;
      const hex = isFile ? store('blob', Buffer.from(`${JSON.stringify(files[path])}\n`)) : tree(`${path}/`);
      return Buffer.concat([Buffer.from(`${isFile ? '100644' : '40000'} ${name}\0`), Buffer.from(hex, 'hex')]);
    });
    return store('tree', Buffer.concat(entries));
  };
  const who = 'The tests <tests@localhost> 1700000000 +0000';
  const commit = store('commit', Buffer.from(`tree ${tree('')}\nauthor ${who}\ncommitter ${who}\n\nThe index\n`));
  found['refs/heads/master'] = Buffer.from(`${commit}\n`);
  return found;
}
