import {
  chmodSync,
  closeSync,
  constants,
  fstatSync,
  futimesSync,
  lutimesSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  symlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { hostArch } from '../../linux/arch.ts';
import { decodeBytes } from '../../linux/bytes.ts';
import { OPEN, RESOLVE } from '../../linux/constants/open.ts';
import { hostSyscalls } from '../../linux/koffi-syscalls.ts';
import { makeDirectory } from '../../linux/make-directory.ts';
import { fsPath } from '../../linux/paths.ts';
import { type Digest, digestOf } from '../../store/digest.ts';
import { ensureProjectPath, projectPath, writeAside } from '../../store/projects.ts';
import { stampOf } from '../stamp.ts';
import { type Input, unreadable } from './inputs.ts';

/*
 * The content of inputs. A sandbox may change the project at any moment, and put a link where a directory was looked at: files are
 * opened beneath the project's directory, without a link on the way; openat2(2).
 */

/** Files that changed so shortly before they were read are read again the next time: stamp.ts. */
const RACY_MS = 50;
const CHUNK = 256 * 1024;

/** Gives the digest of inputs whose files have these contents: what of them a script can tell apart. */
function digestOfInputs(entries: ReadonlyArray<readonly [input: Input, sha256: string]>): Digest {
  const list = entries.map(([input, sha256]) =>
    input.kind === 'link'
      ? ['link', input.path, input.target]
      : ['file', input.path, input.executable ? 'x' : '-', sha256],
  );
  return digestOf(Buffer.from(JSON.stringify(['inputs', list])));
}

/** Opens files of a project, and nothing outside of it. */
class ProjectFiles {
  readonly #root: number;

  constructor(directory: string) {
    this.#root = openSync(fsPath(directory), constants.O_RDONLY | constants.O_DIRECTORY);
  }

  /** Gives a descriptor of a regular file. Throws a ProjectError of code INPUT. */
  open(path: string): number {
    const { O_RDONLY, O_NONBLOCK, O_CLOEXEC } = OPEN[hostArch()];
    const { RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS } = RESOLVE;
    try {
      const file = hostSyscalls().openat2(this.#root, path, {
        // A named pipe that was put there must not be waited for.
        flags: O_RDONLY | O_NONBLOCK | O_CLOEXEC,
        resolve: RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
      });
      if (fstatSync(file).isFile()) return file;
      closeSync(file);
    } catch (cause) {
      throw unreadable(path, cause);
    }
    throw unreadable(path, Object.assign(new Error('no file'), { code: 'ENOENT' }));
  }

  close(): void {
    closeSync(this.#root);
  }
}

/** Hashes the rest of an open file, and writes it to another one. */
function hashFile(file: number, copy?: number): string {
  const hash = process.getBuiltinModule('node:crypto').createHash('sha256');
  const buffer = Buffer.allocUnsafe(CHUNK);
  for (;;) {
    const size = readSync(file, buffer, 0, CHUNK, null);
    if (size === 0) return hash.digest('hex');
    const bytes = buffer.subarray(0, size);
    hash.update(bytes);
    for (let written = 0; copy !== undefined && written < size; ) written += writeSync(copy, bytes, written);
  }
}

/**
 * Gives the digest of inputs as they are now. Files whose stamps are those of the last time are not read:
 * `$STORE/projects/ID/.inputs.json` has their digests, as git's index. Throws a ProjectError of code INPUT.
 */
export function digestInputs(store: string, directory: string, inputs: readonly Input[]): Digest {
  const index = readIndex(store, directory);
  const fresh = new Map<string, readonly [state: string, sha256: string]>();
  let files: ProjectFiles | undefined;
  try {
    const entries = inputs.map((input): readonly [Input, string] => {
      if (input.kind === 'link') return [input, ''];
      const { path, state } = input.stamp;
      const known = index.get(path);
      if (known !== undefined && known[0] === state) return [input, known[1]];
      const read = Date.now();
      files ??= new ProjectFiles(directory);
      const file = files.open(input.path);
      try {
        const sha256 = hashFile(file);
        const changed = Number((state.split(' ')[3] ?? '0').slice(0, -6));
        // The stamp was taken before: what was changed since looks changed, unless it was changed just before.
        if (changed < read - RACY_MS && stampOf(path).state === state) fresh.set(path, [state, sha256]);
        return [input, sha256];
      } finally {
        closeSync(file);
      }
    });
    if (fresh.size > 0) writeIndex(store, directory, new Map([...index, ...fresh]));
    return digestOfInputs(entries);
  } finally {
    files?.close();
  }
}

type Index = ReadonlyMap<string, readonly [state: string, sha256: string]>;

/** So many files are remembered of a project; those that were added last. */
const MOST_REMEMBERED = 100_000;

function readIndex(store: string, directory: string): Index {
  try {
    const value = JSON.parse(readFileSync(`${projectPath(store, directory)}/.inputs.json`, 'utf8'));
    return new Map(value.version === 1 && Array.isArray(value.files) ? value.files : []);
  } catch {
    return new Map();
  }
}

function writeIndex(store: string, directory: string, index: Index): void {
  const files = [...index].slice(-MOST_REMEMBERED);
  writeAside(`${ensureProjectPath(store, directory)}/.inputs.json`, JSON.stringify({ version: 1, files }));
}

/**
 * Copies inputs to a new directory and gives their digest: what is there is exactly what the digest says, whatever happens to
 * the project meanwhile. All times are `epoch`, seconds. Throws a ProjectError of code INPUT for a file that went away.
 */
export function copyInputs(
  directory: string,
  inputs: readonly Input[],
  { target, epoch }: { readonly target: string; readonly epoch: number },
): Digest {
  const files = new ProjectFiles(directory);
  try {
    makeDirectory(target);
    const entries = inputs.map((input): readonly [Input, string] => {
      const copy = `${target}/${input.path}`;
      makeDirectory(copy.slice(0, copy.lastIndexOf('/')));
      if (input.kind === 'link') {
        symlinkSync(fsPath(input.target), fsPath(copy));
        lutimesSync(fsPath(copy), epoch, epoch);
        return [input, ''];
      }
      const file = files.open(input.path);
      try {
        const executable = (fstatSync(file).mode & 0o100) !== 0;
        return [{ ...input, executable }, writeCopy(file, copy, { executable, epoch })];
      } finally {
        closeSync(file);
      }
    });
    settleDirectories(target, epoch);
    return digestOfInputs(entries);
  } finally {
    files.close();
  }
}

function writeCopy(file: number, path: string, { executable, epoch }: { executable: boolean; epoch: number }): string {
  const copy = openSync(fsPath(path), 'wx', 0o600);
  try {
    const sha256 = hashFile(file, copy);
    chmodSync(`/proc/self/fd/${copy}`, executable ? 0o755 : 0o644);
    futimesSync(copy, epoch, epoch);
    return sha256;
  } finally {
    closeSync(copy);
  }
}

/** Modes and times of directories, which change while they are filled. */
function settleDirectories(path: string, epoch: number): void {
  for (const entry of readdirSync(fsPath(path), { withFileTypes: true, encoding: 'buffer' })) {
    if (entry.isDirectory()) settleDirectories(`${path}/${decodeBytes(entry.name)}`, epoch);
  }
  chmodSync(fsPath(path), 0o755);
  utimesSync(fsPath(path), epoch, epoch);
}
