/**
 * `node build/main.ts [--if-changed] x64|arm64…`: builds dist/sandbox and dist/sandbox-arm64.
 * With --if-changed, only those that are not of the present sources.
 */
import { readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { buildExecutable } from './executable.ts';
import { type Arch, writeWhole } from './packages.ts';
import { cacheDirectory, distDirectory, repository } from './paths.ts';
import { sourcesDigest } from './sources.ts';

const outputs: Record<Arch, string> = {
  x64: join(distDirectory, 'sandbox'),
  arm64: join(distDirectory, 'sandbox-arm64'),
};

function isArch(word: string): word is Arch {
  return word === 'x64' || word === 'arm64';
}

async function main(words: readonly string[]): Promise<void> {
  const ifChanged = words.includes('--if-changed');
  const digest = await sourcesDigest();
  for (const word of words.filter((each) => each !== '--if-changed')) {
    if (!isArch(word)) throw new Error(`unknown architecture "${word}": x64 and arm64 can be built`);
    const output = outputs[word];
    const stamp = join(cacheDirectory, `built-${word}`);
    if (ifChanged && (await isBuiltFrom(digest, stamp, output))) continue;
    const started = performance.now();
    await buildExecutable(word, output);
    await writeWhole(stamp, Buffer.from(digest), 0o644);
    const megabytes = ((await stat(output)).size / 1e6).toFixed(1);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    process.stdout.write(`built ${relative(repository, output)}: ${megabytes} MB in ${seconds} s\n`);
  }
}

async function isBuiltFrom(digest: string, stamp: string, output: string): Promise<boolean> {
  const built = await stat(output).catch(() => undefined);
  return built !== undefined && (await readFile(stamp, 'utf8').catch(() => '')) === digest;
}

await main(process.argv.slice(2));
