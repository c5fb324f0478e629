import { ratioGoal, type Section } from '../goals.ts';
import { SEARCH_PATH } from '../ground/account.ts';
import type { Ground } from '../ground/ground.ts';
import { measureInTurns } from '../measure/interleaved.ts';
import { output } from '../measure/process.ts';
import type { Candidate } from '../peers/candidate.ts';
import type { Result } from '../sections.ts';
import { type Beds, cleaner } from './beds.ts';

const OWN = 'sandbox, layers that were downloaded before';
const OWN_ZSTD = 'sandbox, the same in zstd';
const PEER = 'tar -xzf, one layer after the other';

/** From compressed layers on the disk to trees: what a pull does but for the download. */
export function unpack(ground: Ground, beds: Beds, runs: number): Result {
  const candidates = [
    downloaded(ground, beds, '1', OWN),
    downloaded(ground, beds, '1-zstd', OWN_ZSTD),
    tar(ground, PEER, ['-xzf'], beds.gzip),
    tar(ground, 'tar --zstd -xf', ['--zstd', '-xf'], beds.zstd),
    tar(ground, 'tar -xf, of layers without compression', ['-xf'], beds.plain),
    discard(ground, 'gzip -dc, to nowhere', 'gzip -dc', beds.gzip),
    discard(ground, 'zstd -dc, to nowhere', 'zstd -qdc', beds.zstd),
    inNode(ground, 'gunzip in Node, to nowhere', INFLATE, beds.gzip),
    inNode(ground, 'unzstd in Node, to nowhere', INFLATE.replace('Gunzip', 'ZstdDecompress'), beds.zstd),
    inNode(ground, 'SHA-256 in Node, of layers without compression', HASH, beds.plain),
  ];
  const section: Section = {
    title: 'Unpacking three layers',
    unit: 'ms',
    outcomes: measureInTurns(candidates, runs, 1),
    reference: PEER,
  };
  const stores = ['1', '1-zstd'].map((tag) => storeOf(ground, tag));
  cleaner(ground, ...stores, `${ground.full.home}/unpacked`)();
  return { section, goals: [ratioGoal(section, OWN, PEER, [1, 0.7]), ratioGoal(section, OWN_ZSTD, OWN, [0.8, 0.8])] };
}

/** For each of the files in `layers`, one after the other. */
const INFLATE = `await pipe(read(layer).pipe(require('node:zlib').createGunzip({ chunkSize: 1 << 18 })), () => {})`;
const HASH = `const hash = require('node:crypto').createHash('sha256'); await pipe(read(layer), (data) => hash.update(data));`;

/** What our own unpacker is made of, each part alone. */
function inNode({ full, node }: Ground, name: string, script: string, layers: readonly string[]): Candidate {
  const text = `
    const read = (path) => require('node:fs').createReadStream(path, { highWaterMark: 1 << 18 });
    const pipe = (stream, take) => new Promise((done, fail) =>
      stream.on('data', take).on('end', done).on('error', fail));
    (async () => { for (const layer of process.argv.slice(1)) { ${script} } })();`;
  return { name, command: { argv: [node, '--eval', text, ...layers], account: full } };
}

function storeOf({ full }: Ground, tag: string): string {
  return `${full.home}/downloaded-${tag}`;
}

/** A store that has an image's blobs, and none of its layers: all that a pull has left to do is unpacking. */
function downloaded(ground: Ground, { host }: Beds, tag: string, name: string): Candidate {
  const data = storeOf(ground, tag);
  const env = { XDG_DATA_HOME: data };
  const argv = [ground.sandbox, 'image', 'pull', '--quiet', `${host}/bigapp:${tag}`];
  const command = { argv, account: ground.full, env };
  try {
    output(command);
  } catch (error) {
    return { name, command: undefined, reason: error instanceof Error ? error.message : String(error) };
  }
  return { name, reset: cleaner(ground, `${data}/sandbox/layers`), command };
}

function tar(ground: Ground, name: string, words: readonly string[], layers: readonly string[]): Candidate {
  const to = `${ground.full.home}/unpacked`;
  // Each into a directory of its own, as the layers of a store are, and since one replaces what another has.
  const script = `for layer; do to=$0/\${layer##*/}; mkdir -p "$to" && tar -C "$to" ${words.join(' ')} "$layer" || exit 1; done`;
  const argv = ['/bin/sh', '-c', script, to, ...layers];
  return { name, reset: cleaner(ground, to), command: { argv, account: ground.full, env: { PATH: SEARCH_PATH } } };
}

function discard({ full }: Ground, name: string, program: string, layers: readonly string[]): Candidate {
  return { name, command: { argv: ['/bin/sh', '-c', `${program} "$@" > /dev/null`, 'sh', ...layers], account: full } };
}
