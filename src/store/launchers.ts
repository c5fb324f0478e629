import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';

/*
 * $STORE/launchers/HASH    a compiled launcher, the key that it was compiled from, and the key's length in 8 bytes
 *
 * The plan is a pure function of its input, so a launcher is as good the second time: compiling one takes longer than
 * everything else that happens before it is started.
 */

/** So many are kept; the oldest goes first. */
const KEPT = 64;
const LENGTH_SIZE = 8;

function hash(text: string): string {
  // FNV-1a, 32 bits. Which file to look at is all that it says: the key in the file is compared.
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return (value >>> 0).toString(16).padStart(8, '0');
}

function placeOf(store: string, key: string): string {
  return `${store}/launchers/${hash(key)}`;
}

/**
 * Gives the launcher that was compiled from `key`, undefined where there is none. What is executed is a copy without a
 * name: whoever got hold of a running launcher from inside must not have the next one too (CVE-2019-5736).
 */
export function cachedLauncher(store: string, key: string): Uint8Array | undefined {
  try {
    const content = readFileSync(placeOf(store, key));
    const end = content.length - LENGTH_SIZE;
    const length = Number(content.readBigUInt64LE(end));
    const expected = Buffer.from(key);
    if (length !== expected.length || !content.subarray(end - length, end).equals(expected)) return undefined;
    return content.subarray(0, end - length);
  } catch {
    return undefined;
  }
}

/** Keeps a launcher for the next time. What cannot be written is not kept: nothing depends on it. */
export function keepLauncher(store: string, key: string, elf: Uint8Array): void {
  const path = placeOf(store, key);
  const aside = `${path}.${process.pid}.tmp`;
  const bytes = Buffer.from(key);
  const length = Buffer.alloc(LENGTH_SIZE);
  length.writeBigUInt64LE(BigInt(bytes.length));
  try {
    mkdirSync(`${store}/launchers`, { recursive: true, mode: 0o700 });
    const file = openSync(aside, 'wx', 0o600);
    try {
      const content = Buffer.concat([elf, bytes, length]);
      for (let written = 0; written < content.length; ) written += writeSync(file, content, written);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(aside, path);
    forgetOldest(store);
  } catch {
    rmSync(aside, { force: true });
  }
}

function forgetOldest(store: string): void {
  const directory = `${store}/launchers`;
  const names = readdirSync(directory);
  if (names.length <= KEPT) return;
  const age = (name: string): number => statSync(`${directory}/${name}`, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const [oldest] = names.map((name) => ({ name, age: age(name) })).sort((a, b) => a.age - b.age);
  if (oldest) rmSync(`${directory}/${oldest.name}`, { force: true });
}
