/*
 * Run as an ordinary account: works with a sealer in the store at the second argument and prints a JSON line a step. `layers`:
 * makes layers, writes archives and compares. `missing`: asks for what is not there. `killed`: goes
 * on asking when the process was killed.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { surveyHost } from '../../../../src/host/survey.ts';
import { startSealer } from '../../../../src/image/pack/client.ts';
import { placeStepLayer } from '../../../../src/image/pack/step-layer.ts';
import { hostArch } from '../../../../src/linux/arch.ts';
import { rootMapping } from '../../../../src/plan/identity.ts';
import { unsyncedMark } from '../../../../src/store/layers.ts';
import { ensureStore } from '../../../../src/store/layout.ts';

// What the sealer executes is this program, as it stands in the repository.
process.argv[1] = join(import.meta.dirname, '../../../../src/main.ts');
const [scenario = '', store = '', ...uppers] = process.argv.slice(2);
process.env.XDG_CACHE_HOME = store;
const facts = { ...surveyHost(), store };
ensureStore(store);
const discarded: string[] = [];
const host = {
  store,
  ids: rootMapping(facts),
  arch: hostArch(),
  discard: async (path: string) => void discarded.push(path.slice(store.length)),
};
const say = (what: unknown): void => void process.stdout.write(`${JSON.stringify(what)}\n`);

async function outcome(work: Promise<unknown>): Promise<void> {
  try {
    say({ ok: await work });
  } catch (error) {
    const { name, code, message, hint } = error as Error & { code?: string; hint?: string };
    say({ name, code, message, hint });
  }
}

const sealer = startSealer(host);
if (scenario === 'layers') {
  const layers = [];
  for (const upper of uppers) {
    const step = { upper, lowers: [], ownPlaces: ['/dev'], epoch: 1_704_067_200 };
    layers.push(await placeStepLayer(sealer, host, step));
  }
  say({ layers, discarded });
  const [first, second] = layers;
  if (first !== undefined && second !== undefined) {
    await outcome(sealer.compare({ a: first.tree, b: second.tree }));
    for (const compression of ['none', 'gzip', 'zstd'] as const) {
      const { tree, diffId } = first;
      await outcome(sealer.archive({ tree, diffId, target: `${store}/archive.${compression}`, compression }));
    }
    const wrong = { tree: second.tree, diffId: first.diffId, target: `${store}/wrong`, compression: 'none' } as const;
    await outcome(sealer.archive(wrong));
  }
  sealer.sync(layers.filter(({ fresh }) => fresh).map(({ tree }) => unsyncedMark(tree)));
} else if (scenario === 'killed') {
  await sealer.compare({ a: store, b: store });
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    try {
      const isSealer = readFileSync(`/proc/${name}/cmdline`, 'latin1').includes('__seal');
      if (isSealer && readFileSync(`/proc/${name}/environ`, 'latin1').includes(store))
        process.kill(Number(name), 'SIGKILL');
    } catch {
      // It has ended meanwhile, or is somebody else's.
    }
  }
  await outcome(sealer.compare({ a: store, b: store }));
  await outcome(sealer.compare({ a: store, b: store }));
} else {
  await outcome(sealer.compare({ a: `${store}/none`, b: `${store}/none` }));
  await sealer.close();
}
