import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { needsRegistry } from '../../support/registry/registry.ts';
import { needsAccount, resultOf } from '../../support/user.ts';
import { crate } from './support/crates.ts';
import { startSource } from './support/source.ts';
import { packagesWorld } from './support/world.ts';

const skip = needsAccount('subordinate') || needsRegistry('debian:bookworm');
const PATH = '/greeting/1.0.0/download';

/** Waits until a program has written a text, or ended. */
async function until(stream: NodeJS.ReadableStream, text: string): Promise<void> {
  let seen = '';
  await new Promise<void>((resolve, reject) => {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      seen += chunk;
      if (seen.includes(text)) resolve();
    });
    stream.once('end', () => reject(new Error(`${text} was not written, but ${seen}`)));
  });
}

test('the cache of cargo outlives a step, and one cargo at a time changes it', {
  skip,
  timeout: 900_000,
}, async (t) => {
  const { image, project } = await packagesWorld(t, 'debian:bookworm');
  const source = await startSource(t);
  const { archive, index } = crate(source.url);
  source.files.set(PATH, archive);
  const toml = (round: string): string => `image = "${image}"
packages = ["cargo"]
cache = ["cargo"]
network = "host"
[[steps]]
inputs = ["Cargo.toml", "lib.rs", ".cargo", "index"]
cache = ["cargo"]
network = true
run = '''
mkdir -p /opt/app
cp -r Cargo.toml lib.rs .cargo /opt/app
cd /opt/app
cargo build --quiet --lib
echo ${round} > /etc/round
'''
`;
  const { write, origins, says, start } = project('library', {
    'sandbox.toml': toml('one'),
    'Cargo.toml':
      '[package]\nname = "app"\nversion = "1.0.0"\nedition = "2021"\n[lib]\npath = "lib.rs"\n[dependencies]\ngreeting = "1.0.0"\n',
    'lib.rs': 'pub use greeting::greet;\n',
    '.cargo/config.toml':
      '[source.crates-io]\nreplace-with = "own"\n[source.own]\nregistry = "file:///inputs/index"\n[net]\nretry = 0\n',
    ...Object.fromEntries(Object.entries(index).map(([path, content]) => [`index/${path}`, content])),
  });
  const downloads = (): number => source.asked.filter((path) => path === PATH).length;
  assert.deepEqual(await origins(), ['1 built', '2 built']);
  assert.equal(downloads(), 1);
  const look = 'ls /opt/app/target/debug/libapp.rlib; cat /etc/round; ls -A /root/.cargo/registry/cache/*';
  const built = '/opt/app/target/debug/libapp.rlib\n';
  assert.equal(await says('run', '--', 'sh', '-c', look), `${built}one\ngreeting-1.0.0.crate\n`);

  // The library is gone from its registry, but not from the cache.
  source.files.delete(PATH);
  write({ 'sandbox.toml': toml('two') });
  assert.deepEqual(await origins(), ['1 reused', '2 built']);
  assert.equal(await says('run', '--', 'sh', '-c', look), `${built}two\ngreeting-1.0.0.crate\n`);
  assert.equal(downloads(), 1);

  // What one cargo locks is locked for that of another sandbox: it waits.
  const holder = start('run', '--', 'flock', '/root/.cargo/.package-cache', 'sh', '-c', 'echo held; cat');
  t.after(() => holder.kill());
  await until(holder.stdout, 'held\n');
  const waiting = start('run', '--', 'sh', '-c', 'cp -r /opt/app /tmp/app; cd /tmp/app; cargo build --offline --lib');
  t.after(() => waiting.kill());
  const end = resultOf(waiting);
  await until(waiting.stderr, 'waiting for file lock on package cache');
  holder.stdin.end();
  await once(holder, 'close');
  const { status, stderr } = await end;
  assert.equal(status, 0, stderr);
});
