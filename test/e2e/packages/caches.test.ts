import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { needsRegistry } from '../../support/registry/registry.ts';
import { archive } from '../../support/tar/write.ts';
import { needsAccount } from '../../support/user.ts';
import { type Source, startSource } from './support/source.ts';
import { type PackagesWorld, packagesWorld } from './support/world.ts';
import { zip } from './support/zip.ts';

/** A package manager, a package that it gets from a source, and a project that needs it. */
interface Manager {
  readonly cache: 'pip' | 'npm';
  /** Where the package lies in the source. */
  readonly path: string;
  readonly package: Buffer;
  /** Besides: what the manager asks for first. */
  readonly index: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string>>;
  /** Installs into $1, from the directory of the project's files. */
  readonly install: string;
  /** Says `hello` with what lies in $1. */
  readonly use: string;
}

function pip({ url }: Source): Manager {
  const about = 'greeting-1.0.dist-info';
  const name = 'greeting-1.0-py3-none-any.whl';
  const wheel = zip({
    'greeting.py': 'def greet():\n    return "hello"\n',
    [`${about}/METADATA`]: 'Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n',
    [`${about}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    [`${about}/RECORD`]: ['greeting.py', 'METADATA', 'WHEEL', 'RECORD']
      .map((file) => `${file === 'greeting.py' ? file : `${about}/${file}`},,\n`)
      .join(''),
  });
  const link = `/files/${name}#sha256=${createHash('sha256').update(wheel).digest('hex')}`;
  return {
    cache: 'pip',
    path: `/files/${name}`,
    package: wheel,
    index: { '/simple/greeting/': `<!DOCTYPE html><a href="${link}">${name}</a>` },
    files: { 'requirements.txt': 'greeting==1.0\n' },
    // pip caches what comes from hosts that it trusts.
    install: `pip install -q --no-compile --trusted-host ${url.slice('http://'.length)} --index-url ${url}/simple \\
  --root-user-action=ignore --target $1 -r requirements.txt`,
    use: `PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$1 python3 -c 'import greeting; print(greeting.greet())'`,
  };
}

function npm({ url }: Source): Manager {
  const tar = archive([
    { name: 'package/package.json', data: '{"name":"greeting","version":"1.0.0"}' },
    { name: 'package/index.js', data: "module.exports = 'hello';\n" },
  ]);
  const bytes = gzipSync(tar);
  const path = '/greeting/-/greeting-1.0.0.tgz';
  const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
  const app = { name: 'app', version: '1.0.0', dependencies: { greeting: '1.0.0' } };
  const packages = {
    '': app,
    'node_modules/greeting': { version: '1.0.0', resolved: `${url}${path}`, integrity },
  };
  return {
    cache: 'npm',
    path,
    package: bytes,
    index: {},
    files: {
      'package.json': JSON.stringify(app),
      'package-lock.json': JSON.stringify({ ...app, lockfileVersion: 3, requires: true, packages }),
    },
    install: `mkdir -p $1; cp package*.json $1; cd $1; npm ci --no-audit --no-fund --registry ${url}`,
    use: `cd $1; node -p "require('greeting')"`,
  };
}

/** How many sandboxes use a cache at once. */
const TOGETHER = 3;

async function keeps(t: TestContext, world: PackagesWorld, make: (source: Source) => Manager): Promise<void> {
  const source = await startSource(t);
  const { cache, path, package: content, index, files, install, use } = make(source);
  for (const [name, text] of Object.entries(index)) source.files.set(name, text);
  source.files.set(path, content);
  const toml = (round: string): string => `image = "${world.image}"
cache = ["${cache}"]
network = "host"
[[steps]]
inputs = ${JSON.stringify(Object.keys(files))}
cache = ["${cache}"]
network = true
run = '''
set -- /opt/app
${install}
echo ${round} > /etc/round
'''
`;
  const { write, origins, says, sandbox } = world.project(cache, { ...files, 'sandbox.toml': toml('one') });
  const downloads = (): number => source.asked.filter((each) => each === path).length;
  assert.deepEqual(await origins(), ['1 built']);
  assert.equal(downloads(), 1);
  assert.equal(await says('run', '--', 'sh', '-c', `set -- /opt/app; ${use}; cat /etc/round`), 'hello\none\n');

  // The package is gone from the source, but not from the cache.
  source.files.delete(path);
  write({ 'sandbox.toml': toml('two') });
  assert.deepEqual(await origins(), ['1 built']);
  assert.equal(await says('run', '--', 'sh', '-c', `set -- /opt/app; ${use}; cat /etc/round`), 'hello\ntwo\n');
  assert.equal(downloads(), 1);

  // An empty cache, which several sandboxes fill at once, and which all of them find whole.
  source.files.set(path, content);
  await says('gc', '--caches');
  const script = `set -e; set -- /tmp/again; (${install}); ${use}`;
  const again = async (): Promise<unknown> => {
    const { status, stdout, stderr } = await sandbox(['run', '--', 'sh', '-c', script]);
    return { status, last: stdout.trimEnd().split('\n').at(-1), ...(status === 0 ? {} : { stderr }) };
  };
  const good = { status: 0, last: 'hello' };
  const all = await Promise.all(Array.from({ length: TOGETHER }, again));
  assert.deepEqual(all, Array(TOGETHER).fill(good));
  assert.ok(downloads() > 1);
  source.files.delete(path);
  const before = downloads();
  assert.deepEqual(await again(), good);
  assert.equal(downloads(), before);
}

const skip = needsAccount('subordinate') || needsRegistry('bigapp:1');

test('the caches of pip and npm outlive a step that is built again', { skip, timeout: 600_000 }, async (t) => {
  const world = await packagesWorld(t, 'bigapp:1');
  await t.test('pip', async (t) => await keeps(t, world, pip));
  await t.test('npm', async (t) => await keeps(t, world, npm));
});
