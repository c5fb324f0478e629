/*
 * Run as an ordinary account: writes or reads a cache and prints a JSON line a step. Arguments: a store, the cache's path, and
 * `write PROJECT ENVIRONMENT UPPER…` (a step for each upper directory, whose name is the step's) or `take KEY…`.
 */
import { join } from 'node:path';
import { surveyHost } from '../../../../src/host/survey.ts';
import { startSealer } from '../../../../src/image/pack/client.ts';
import { placeStepLayer } from '../../../../src/image/pack/step-layer.ts';
import { hostArch } from '../../../../src/linux/arch.ts';
import { rootMapping } from '../../../../src/plan/identity.ts';
import { type CacheLayer, cacheSource, writeCache } from '../../../../src/project/cache/cache.ts';
import { type Digest, digestOf } from '../../../../src/store/digest.ts';
import { ensureStore } from '../../../../src/store/layout.ts';

process.argv[1] = join(import.meta.dirname, '../../../../src/main.ts');
const [store = '', cache = '', action = '', ...words] = process.argv.slice(2);
process.env.XDG_CACHE_HOME = store;
const facts = { ...surveyHost(), store };
ensureStore(store);
const host = { store, ids: rootMapping(facts), arch: hostArch(), discard: async () => {} };
const say = (what: unknown): void => void process.stdout.write(`${JSON.stringify(what)}\n`);

async function outcome(work: () => Promise<unknown>): Promise<void> {
  try {
    say({ ok: await work() });
  } catch (error) {
    const { name, code, message, hint } = error as Error & { code?: string; hint?: string };
    say({ name, code, message, hint });
  }
}

const keyOf = (name: string): Digest => digestOf(Buffer.from(name));

if (action === 'write') {
  const [project = '', environment = '', ...uppers] = words;
  const sealer = startSealer(host);
  const layers: CacheLayer[] = [];
  for (const upper of uppers) {
    const layer = await placeStepLayer(sealer, host, { upper, lowers: [], ownPlaces: [], epoch: 1_704_067_200 });
    const name = upper.slice(upper.lastIndexOf('/') + 1);
    layers.push({ ...layer, name, key: keyOf(name) });
  }
  const base = {
    name: 'docker.io/library/debian:bookworm',
    manifest: digestOf(Buffer.from('base')),
    platform: 'linux/amd64',
    created: '2024-01-01T00:00:00Z',
  };
  await outcome(async () => {
    await writeCache(cache, [{ project, environment, base, layers }], { host, sealer });
    return layers;
  });
  await sealer.close();
} else {
  await outcome(async () => {
    const source = await cacheSource(cache, { host, limit: 2 ** 30 });
    for (const name of words) {
      say({ found: source.find(keyOf(name)) ?? null });
      await outcome(() => source.take(keyOf(name)));
    }
    await source.close();
  });
}
