import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ProgramBuilder } from '../../../src/launch/builder.ts';
import { compileLauncher } from '../../../src/launch/compile.ts';
import { removalData, removeContents } from '../../../src/launch/lower/removal.ts';
import { type Memory, runReference } from '../../../src/launch/reference.ts';
import { type Arch, hostArch } from '../../../src/linux/arch.ts';
import { failure, ScriptedKernel, textAt } from './scripted-kernel.ts';

/** A directory of the model; everything else is a leaf of one of the types of readdir(3). */
interface Directory {
  readonly parent: Directory | undefined;
  readonly entries: Map<string, Directory | 'file' | 'link' | 'unknown' | 'stubborn'>;
}

const TYPE = { file: 8, link: 10, unknown: 0, stubborn: 8, directory: 4 } as const;
const AT_REMOVEDIR = 0x200n;

/** A file system that knows what the removal asks of one. `unknownTypes`: directory entries do not say what they are. */
class Tree {
  readonly root: Directory = { parent: undefined, entries: new Map() };
  readonly #unknownTypes: boolean;
  readonly #open = new Map<bigint, { directory: Directory; listed: number; names: string[] }>();
  #next = 10n;

  constructor(unknownTypes: boolean) {
    this.#unknownTypes = unknownTypes;
  }

  get descriptors(): number {
    return this.#open.size;
  }

  kernel(arch: Arch): ScriptedKernel {
    return new ScriptedKernel(arch, {
      openat: ([at = 0n, path = 0n], memory) => this.#openAt(at, textAt(memory, path)),
      close: ([descriptor = 0n]) => {
        this.#open.delete(descriptor);
        return 0n;
      },
      getdents64: ([descriptor = 0n, buffer = 0n, size = 0n], memory) =>
        this.#list(descriptor, buffer, Number(size), memory),
      unlinkat: ([at = 0n, path = 0n, flags = 0n], memory) =>
        this.#unlink(at, textAt(memory, path), flags === AT_REMOVEDIR),
    });
  }

  #openAt(at: bigint, name: string): bigint {
    const from = this.#open.get(at)?.directory ?? this.root;
    const found = name === '.' ? from : name === '..' ? from.parent : from.entries.get(name);
    assert.ok(found, `${name} is asked for and is nowhere`);
    if (typeof found === 'string') return failure('ENOTDIR');
    this.#open.set(this.#next, { directory: found, listed: 0, names: ['.', '..', ...found.entries.keys()] });
    return this.#next++;
  }

  #list(descriptor: bigint, buffer: bigint, size: number, memory: Memory): bigint {
    const open = this.#open.get(descriptor);
    assert.ok(open, 'a closed directory is listed');
    const chunks: Buffer[] = [];
    let used = 0;
    for (; open.listed < open.names.length; open.listed++) {
      const name = open.names[open.listed] ?? '';
      const entry = open.directory.entries.get(name);
      if (entry === undefined && !name.startsWith('.')) continue;
      const bytes = Buffer.alloc(Math.ceil((19 + Buffer.byteLength(name) + 1) / 8) * 8, 0xaa);
      if (used + bytes.length > size) break;
      bytes.writeUInt16LE(bytes.length, 16);
      const type = entry === undefined || typeof entry === 'object' ? 'directory' : entry;
      bytes.writeUInt8(this.#unknownTypes ? 0 : TYPE[type], 18);
      bytes.write(`${name}\0`, 19);
      chunks.push(bytes);
      used += bytes.length;
    }
    memory.write(buffer, Buffer.concat(chunks));
    return BigInt(used);
  }

  #unlink(at: bigint, name: string, asDirectory: boolean): bigint {
    const from = this.#open.get(at)?.directory;
    assert.ok(from, 'an entry of a closed directory is removed');
    assert.ok(name !== '.' && name !== '..', `${name} is removed`);
    const entry = from.entries.get(name);
    assert.ok(entry, `${name} is removed twice`);
    if (entry === 'stubborn') return failure(asDirectory ? 'ENOTDIR' : 'EPERM');
    if (typeof entry === 'string') {
      if (asDirectory) return failure('ENOTDIR');
    } else {
      if (!asDirectory) return failure('EISDIR');
      if (entry.entries.size > 0) return failure('ENOTEMPTY');
    }
    from.entries.delete(name);
    return 0n;
  }
}

type Shape = ReadonlyMap<string, Shape | 'file' | 'link' | 'unknown'>;

const name = fc.oneof(
  fc.constantFrom('...', '.x', '..x', '.a.', ' ', '-rf', '\n', 'x'.repeat(255)),
  fc.stringMatching(/^[a-z]{1,12}$/),
);

const { tree } = fc.letrec<{ tree: Shape; node: Shape | 'file' | 'link' | 'unknown' }>((tie) => ({
  tree: fc.array(fc.tuple(name, tie('node')), { maxLength: 12 }).map((entries) => new Map(entries)),
  node: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.constantFrom('file' as const, 'link' as const, 'unknown' as const),
    tie('tree'),
  ),
}));

function fill(directory: Directory, shape: Shape): void {
  for (const [key, value] of shape) {
    if (typeof value === 'string') directory.entries.set(key, value);
    else {
      const child: Directory = { parent: directory, entries: new Map() };
      directory.entries.set(key, child);
      fill(child, value);
    }
  }
}

/** Runs a removal of everything in the tree: true where it says that it is done. */
function remove(arch: Arch, tree: Tree): boolean {
  const builder = new ProgramBuilder(arch);
  const [done, failed] = [builder.label('done'), builder.label('failed')];
  removeContents(builder, removalData(builder), done, failed);
  for (const [label, status] of [
    [done, 0],
    [failed, 1],
    [builder.onFailure, 2],
  ] as const) {
    builder.place(label);
    builder.syscall('exit_group', [status]);
  }
  const { exit } = runReference(builder.build(), tree.kernel(arch), { arch, arguments: ['x'], environment: [] });
  assert.equal(exit.reason, 'exit');
  assert.ok(exit.reason === 'exit' && exit.status < 2);
  return exit.reason === 'exit' && exit.status === 0;
}

const size = (directory: Directory): number =>
  [...directory.entries.values()].reduce((sum, entry) => sum + 1 + (typeof entry === 'string' ? 0 : size(entry)), 0);

describe('the removal of a tree, in a model', () => {
  for (const arch of ['x86_64', 'aarch64'] as const) {
    test(`removes any tree, and nothing else (${arch})`, () => {
      fc.assert(
        fc.property(tree, fc.boolean(), (shape, unknownTypes) => {
          const model = new Tree(unknownTypes);
          fill(model.root, shape);
          assert.equal(remove(arch, model), true);
          assert.equal(size(model.root), 0);
          assert.ok(model.descriptors <= 1, 'one directory is open at a time');
        }),
        { numRuns: 40 },
      );
    });

    test(`ends where a file cannot be removed, and says so (${arch})`, () => {
      const model = new Tree(false);
      fill(model.root, new Map([['a', new Map([['b', new Map([['c', 'file' as const]])]])]]));
      const first = model.root.entries.get('a');
      assert.ok(typeof first === 'object');
      first.entries.set('stays', 'stubborn');
      assert.equal(remove(arch, model), false);
      assert.ok(first.entries.has('stays'));
    });
  }

  test('more entries than the buffer holds', () => {
    const model = new Tree(false);
    for (let index = 0; index < 500; index++)
      model.root.entries.set(`entry-${index}-${'x'.repeat(index % 200)}`, 'file');
    assert.equal(remove('x86_64', model), true);
    assert.equal(size(model.root), 0);
  });
});

describe('the launcher that removes a tree, on the real kernel', () => {
  const asRoot = process.getuid?.() === 0;
  const NOBODY = 54_321;
  const [uid, gid] = asRoot ? [NOBODY, NOBODY] : [process.getuid?.() ?? 0, process.getgid?.() ?? 0];

  test('odd names, 500 levels, directories that nobody may search, links to outside', (t) => {
    const base = mkdtempSync(join(tmpdir(), 'removal-'));
    t.after(() => rmSync(base, { recursive: true, force: true }));
    chmodSync(base, 0o755);
    const [outside, doomed, launcher] = [join(base, 'outside'), join(base, 'doomed'), join(base, 'launcher')];
    for (const directory of [outside, doomed]) mkdirSync(directory);
    writeFileSync(join(outside, 'stays'), 'precious');
    chownSync(base, uid, gid);
    for (const path of [outside, doomed, join(outside, 'stays')]) chownSync(path, uid, gid);
    const ids = {
      kind: 'single',
      uid: { inside: 0, outside: uid, count: 1 },
      gid: { inside: 0, outside: gid, count: 1 },
    } as const;
    const { elf } = compileLauncher(
      [
        { op: 'createNamespaces', namespaces: ['user'], ids },
        { op: 'dieWithMonitor' },
        { op: 'removeTree', path: doomed },
        { op: 'finish' },
      ],
      { arch: hostArch() },
    );
    writeFileSync(launcher, elf(), { mode: 0o755 });

    // Made by whom it belongs to, as files of a sandbox are.
    const made = spawnSync('sh', ['-e', '-c', MAKE_TREE, 'sh', outside], {
      cwd: doomed,
      encoding: 'utf8',
      ...(asRoot ? { uid, gid } : {}),
    });
    assert.equal(made.status, 0, made.stderr);
    assert.ok(readdirSync(doomed).length >= 10);
    const { status, stderr } = spawnSync(launcher, [], {
      encoding: 'utf8',
      timeout: 60_000,
      ...(asRoot ? { uid, gid } : {}),
    });
    assert.deepEqual([status, stderr], [0, '']);
    assert.equal(existsSync(doomed), false);
    assert.equal(readFileSync(join(outside, 'stays'), 'utf8'), 'precious');
    // What is not there cannot be removed, and that is said.
    const again = spawnSync(launcher, [], { encoding: 'utf8', ...(asRoot ? { uid, gid } : {}) });
    assert.equal(again.status, 125);
    assert.equal(again.stderr, `sandbox: cannot remove ${doomed}: ENOENT\n`);
  });
});

const MAKE_TREE = `
  outside=$1
  touch -- ... .x ..x '-rf' ' ' 'a
b' "$(printf '\\377\\376')" "$(printf 'x%.0s' $(seq 255))" '*' "'"
  mkdir many && (cd many && seq 1000 | xargs touch)
  mkdir locked && mkdir locked/deep && touch locked/deep/file && chmod 000 locked/deep && chmod 000 locked
  mkdir empty && chmod 000 empty
  touch unwritable && chmod 000 unwritable
  ln -s "$outside" link && ln -s "$outside/stays" file-link && ln -s ../outside relative && ln -s / root && ln -s nowhere dangling
  mkdir linked && ln -s "$outside" linked/there && mkfifo linked/pipe
  i=0; while [ $i -lt 500 ]; do mkdir level; cd level; touch file; ln -s "$outside" out; i=$((i+1)); done
`;
