/*
 * Run as an ordinary account: does one scenario with an unpacker in the directory of the second argument and prints a JSON
 * line a step. Arguments: the scenario and a directory.
 */
import { appendFileSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { surveyHost } from '../../../../src/host/survey.ts';
import { startUnpacker, type UnpackOptions } from '../../../../src/image/unpack/client.ts';
import { hostArch } from '../../../../src/linux/arch.ts';
import { rootMapping } from '../../../../src/plan/identity.ts';
import { archive, END, entry, layerBlob } from '../../../support/tar/raw.ts';

// What the unpacker executes is this program, as it stands in the repository.
process.argv[1] = join(import.meta.dirname, '../../../../src/main.ts');
const [scenario = '', place = ''] = process.argv.slice(2);
const unpacker = startUnpacker({ ids: rootMapping(surveyHost()), arch: hostArch(), store: place });
const content = Buffer.alloc(300_000, 'some text, ');
const { blob, compression, diffId } = layerBlob(
  archive(
    { name: 'd/', type: 'directory', uid: 5 },
    ...Array.from({ length: 8 }, (_, i) => ({ name: `d/${i}`, content, uid: 5 })),
  ),
  'none',
);
process.env.XDG_CACHE_HOME = place;
const source = `${place}/blob`;
const target = `${place}/tree`;
const request: UnpackOptions = { source, size: blob.length, available: 0, compression, diffId, target, limit: 2 ** 30 };

const say = (what: object): void => void process.stdout.write(`${JSON.stringify(what)}\n`);

/** Waits for what another process does. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(10);
}

/** The unpacking process of this test: nobody's child, but it has this test's place in its environment. */
function helper(): number | undefined {
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    try {
      const isUnpacker = readFileSync(`/proc/${name}/cmdline`, 'latin1').includes('__unpack');
      if (isUnpacker && readFileSync(`/proc/${name}/environ`, 'latin1').includes(place)) return Number(name);
    } catch {
      // It has ended meanwhile, or is somebody else's.
    }
  }
  return undefined;
}

async function outcome(result: Promise<unknown>): Promise<void> {
  try {
    say({ ok: await result, tree: existsSync(target) });
  } catch (error) {
    const { name, code, message, hint } = error as Error & { code?: string; hint?: string };
    say({ name, code, message, hint, tree: existsSync(target) });
  }
}

switch (scenario) {
  case 'growing': {
    const read: number[] = [];
    writeFileSync(source, '');
    const task = unpacker.unpack({ ...request, onProgress: (bytes) => read.push(bytes) });
    for (let at = 0; at < blob.length; at += 500_000) {
      appendFileSync(source, blob.subarray(at, at + 500_000));
      task.grown(Math.min(at + 500_000, blob.length));
      await until(() => existsSync(target));
      await sleep(60);
    }
    await outcome(task.result);
    say({
      rises: read.every((bytes, index) => index === 0 || bytes > (read[index - 1] ?? 0)),
      last: read.at(-1),
      times: read.length,
    });
    break;
  }
  case 'restarted':
  case 'restarted after a failure': {
    const wrong = scenario === 'restarted' ? blob.subarray(0, 1_000_000) : Buffer.alloc(1_000_000, 'x');
    writeFileSync(source, wrong);
    const task = unpacker.unpack({ ...request, available: wrong.length });
    await until(() => existsSync(target) || scenario !== 'restarted');
    await sleep(500);
    writeFileSync(source, '');
    task.restarted();
    writeFileSync(source, blob);
    task.grown(blob.length);
    await outcome(task.result);
    break;
  }
  case 'aborted': {
    writeFileSync(source, blob);
    const task = unpacker.unpack({ ...request, available: 1_000_000 });
    await until(() => existsSync(`${target}/d/2`));
    task.abort();
    await outcome(task.result);
    break;
  }
  case 'killed': {
    writeFileSync(source, blob);
    const task = unpacker.unpack({ ...request, available: 1_000_000 });
    await until(() => existsSync(`${target}/d/2`));
    process.kill(helper() ?? 0, 'SIGKILL');
    await outcome(task.result);
    await outcome(unpacker.settle({ target, lower: [] }));
    break;
  }
  case 'abandoned': {
    writeFileSync(source, blob);
    unpacker.unpack({ ...request, available: 1_000_000 }).result.catch(() => {});
    await until(() => existsSync(`${target}/d/2`));
    say({ helper: helper() });
    await sleep(60_000);
    break;
  }
  case 'synced': {
    writeFileSync(source, blob);
    await outcome(unpacker.unpack({ ...request, available: blob.length }).result);
    writeFileSync(`${place}/mark`, '');
    say({ helper: helper() });
    unpacker.sync([`${place}/mark`, `${place}/was-never-there`]);
    // This process ends at once: nothing of the unpacker keeps it.
    break;
  }
  case 'full disk': {
    writeFileSync(source, blob);
    await outcome(unpacker.unpack({ ...request, available: blob.length, target: `${place}/small/tree` }).result);
    say({ left: readdirSync(`${place}/small`) });
    break;
  }
  case 'many': {
    const files = 100_000;
    const many = layerBlob(
      Buffer.concat(Array.from({ length: files }, (_, i) => entry({ name: `d${i % 100}/${i}` })).concat(END)),
      'gzip',
    );
    writeFileSync(source, many.blob);
    const size = many.blob.length;
    const all = { ...request, size, available: size, compression: many.compression, diffId: many.diffId };
    await outcome(unpacker.unpack(all).result);
    const [, peak = ''] = /VmHWM:\s*(\d+) kB/.exec(readFileSync(`/proc/${helper()}/status`, 'latin1')) ?? [];
    say({ peak: Number(peak) * 1024 });
    break;
  }
  default:
    throw new Error(`there is no scenario ${scenario}`);
}
if (scenario !== 'synced') await unpacker.close();
