import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Found, list } from '../tar/read.ts';
import { archive, type Member, member } from '../tar/write.ts';

const LINKS =
  `ash base64 basename cat chmod chown cp cut date dd df dirname du echo env expr false find getopt grep gunzip
  gzip head hexdump hostname id ip kill ln ls md5sum mkdir mkfifo mknod mktemp mount mv nc nproc od pidof ping printf ps
  pwd readlink realpath rm rmdir route sed seq setsid sh sha256sum sleep sort stat stty sync tail tar tee test time
  timeout top touch tr true tty umount uname uniq unshare usleep vi wc wget which whoami xargs yes zcat`.split(/\s+/);

const ACCOUNTS: Readonly<Record<string, string>> = {
  'etc/passwd':
    'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000:App:/home/app:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n',
  'etc/group': 'root:x:0:\nstaff:x:50:app\napp:x:1000:\nnogroup:x:65534:\n',
};

/** What mmdebstrap copies from the machine. */
const OF_THE_HOST = ['etc/hostname', 'etc/resolv.conf'];

/** Reads part of an archive. */
class Archive {
  readonly members: readonly Found[];
  readonly #file: number;

  constructor(path: string) {
    this.members = list(path).filter(({ name }) => !OF_THE_HOST.includes(name));
    this.#file = openSync(path, 'r');
  }

  bytes(start: number, end: number): Buffer {
    const buffer = Buffer.alloc(end - start);
    if (readSync(this.#file, buffer, 0, buffer.length, start) !== buffer.length) throw new Error('archive is cut off');
    return buffer;
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Gives one file of an archive. */
export function fileOf(path: string, name: string): Buffer {
  const source = new Archive(path);
  try {
    const found = source.members.find((each) => each.name === name);
    if (found === undefined) throw new Error(`${path} has no ${name}`);
    return source.bytes(found.data, found.data + found.size);
  } finally {
    source.close();
  }
}

/** A root file system that is one program with many names. */
export function busyboxLayer(program: Uint8Array): Buffer {
  const directories = ['bin', 'dev', 'etc', 'home', 'opt', 'proc', 'srv', 'sys', 'usr', 'usr/bin', 'var'];
  return archive([
    ...directories.map((name): Member => ({ name, kind: 'directory' })),
    { name: 'root', kind: 'directory', mode: 0o700 },
    { name: 'tmp', kind: 'directory', mode: 0o1777 },
    { name: 'home/app', kind: 'directory', mode: 0o755, uid: 1000, gid: 1000 },
    { name: 'bin/busybox', data: program, mode: 0o755 },
    ...LINKS.map((name): Member => ({ name: `bin/${name}`, kind: 'symlink', link: 'busybox' })),
    ...Object.entries(ACCOUNTS).map(([name, data]): Member => ({ name, data })),
  ]);
}

/** Writes what mmdebstrap made as a layer: its members byte by byte, and the directory that it leaves out. */
export function debianLayer(from: string, to: string): void {
  const source = new Archive(from);
  const output = openSync(to, 'w');
  try {
    for (const { start, end } of source.members) writeSync(output, source.bytes(start, end));
    if (!source.members.some(({ name }) => name === 'dev'))
      writeSync(output, member({ name: 'dev', kind: 'directory' }));
    writeSync(output, Buffer.alloc(1024));
  } finally {
    closeSync(output);
    source.close();
  }
}

/** What makes two members of the same name different, as builders of images compare them. */
function facts(source: Archive): Map<string, string> {
  return new Map(
    source.members.map(({ name, type, mode, uid, gid, mtime, link, data, size }) => {
      const content =
        type === '0'
          ? createHash('sha1')
              .update(source.bytes(data, data + size))
              .digest('hex')
          : '';
      return [name, JSON.stringify([type, mode, uid, gid, link, type === '5' ? 0 : Math.trunc(mtime), content])];
    }),
  );
}

/**
 * Writes the layer that turns one archive's tree into the other's: what was added or changed with the directories
 * around it, as Docker and buildah write it, and whiteouts for what is gone.
 */
export function differenceLayer(lower: string, upper: string, to: string): void {
  const [below, above] = [new Archive(lower), new Archive(upper)];
  const output = openSync(to, 'w');
  try {
    const [before, after] = [facts(below), facts(above)];
    const changed = new Set([...after].filter(([name, fact]) => before.get(name) !== fact).map(([name]) => name));
    // A hard link is nothing without the file it names.
    for (const { name, type, link } of above.members) if (type === '1' && changed.has(name)) changed.add(link);
    const gone = [...before.keys()].filter(
      (name) => !after.has(name) && (!name.includes('/') || after.has(dirname(name))),
    );
    for (const name of [...changed, ...gone]) {
      for (let up = dirname(name); up !== '.'; up = dirname(up)) changed.add(up);
    }
    for (const found of above.members) {
      if (changed.has(found.name)) writeSync(output, above.bytes(found.start, found.end));
    }
    for (const name of gone) {
      const path = name.split('/');
      writeSync(output, member({ name: [...path.slice(0, -1), `.wh.${path.at(-1)}`].join('/') }));
    }
    writeSync(output, Buffer.alloc(1024));
  } finally {
    closeSync(output);
    above.close();
    below.close();
  }
}
