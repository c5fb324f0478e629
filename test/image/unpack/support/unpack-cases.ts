/*
 * Run as an ordinary account: unpacks layers through one unpacker, lists the trees from inside the namespace, and removes
 * them from there. Standard input: a CasesInput; standard output: a CasesOutput.
 */
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { ImageError } from '../../../../src/image/error.ts';
import { startUnpacker } from '../../../../src/image/unpack/client.ts';
import { compileLauncher } from '../../../../src/launch/compile.ts';
import type { SetupOp } from '../../../../src/launch/operations.ts';
import { runLauncher, startLauncher } from '../../../../src/launch/run.ts';
import { hostArch } from '../../../../src/linux/arch.ts';
import { accountIds } from './account-ids.ts';
import type { CasesInput, CasesOutput, LayerOutcome } from './cases.ts';
import type { Listing } from './listing.ts';

// What the unpacker executes is this program, as it stands in the repository.
process.argv[1] = join(import.meta.dirname, '../../../../src/main.ts');
const input = JSON.parse(readFileSync(0, 'utf8')) as CasesInput;
const ids = accountIds(input.kind);
const arch = hostArch();
const unpacker = startUnpacker({ ids, arch, store: input.place });
const outcomes: Record<string, LayerOutcome[]> = {};

function failure(error: unknown): LayerOutcome {
  if (!(error instanceof ImageError)) throw error;
  return { failed: error.code, message: error.message, hint: error.hint };
}

for (const { name, layers, limit } of input.cases) {
  const done: LayerOutcome[] = [];
  outcomes[name] = done;
  const trees: string[] = [];
  for (const [index, { path, size, compression, diffId }] of layers.entries()) {
    const target = `${input.place}/${name}/${index + 1}`;
    try {
      const task = unpacker.unpack({ source: path, size, available: size, compression, diffId, target, limit });
      const unpacked = await task.result;
      if (unpacked.reliesOnLower) await unpacker.settle({ target, lower: [...trees].reverse() });
      done.push({ ...unpacked });
      trees.push(target);
    } catch (error) {
      done.push(failure(error));
    }
  }
}
await unpacker.close();

async function inside(words: readonly string[]): Promise<string> {
  const operations: SetupOp[] = [
    { op: 'createNamespaces', namespaces: ['user'], ids },
    { op: 'dieWithMonitor' },
    { op: 'resetSignals' },
    { op: 'execute', command: [process.execPath, ...words], candidates: [process.execPath], environment: [] },
  ];
  const launcher = startLauncher(compileLauncher(operations, { arch }).elf(), input.place);
  let text = '';
  launcher.stdout.setEncoding('utf8').on('data', (more: string) => (text += more));
  launcher.stdin.end();
  const { status, message } = await launcher.ended;
  if (status !== 0) throw new Error(`listing failed: ${message}`);
  return text;
}

const directories = input.cases.map(({ name }) => `${input.place}/${name}`);
const listed = JSON.parse(await inside([join(import.meta.dirname, 'list-tree.ts'), ...directories])) as Record<
  string,
  Listing
>;
const removal: SetupOp[] = [
  { op: 'createNamespaces', namespaces: ['user'], ids },
  { op: 'dieWithMonitor' },
  { op: 'removeTree', path: input.place },
  { op: 'finish' },
];
const removed = runLauncher(compileLauncher(removal, { arch }).elf(), input.place);
if (removed.status !== 0) throw new Error(`${userInfo().username}: ${removed.message}`);
const output: CasesOutput = Object.fromEntries(
  input.cases.map(({ name }) => [
    name,
    { outcomes: outcomes[name] ?? [], listing: listed[`${input.place}/${name}`] ?? {} },
  ]),
);
process.stdout.write(JSON.stringify(output));
