/** Clones of others: what their files ask for, and what code that runs in their environments does to the next start. */
import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type TestContext, test } from 'node:test';
import { imageWorld, type World, withBusybox } from '../e2e/images/support/world.ts';
import { Terminal } from '../support/terminal.ts';
import { runAs } from '../support/user.ts';

/** Only root gives files to others. */
const isRoot = process.getuid?.() === 0;

const SECRET = 'PRIVATE-KEY-OF-THE-USER';

interface Clone extends World {
  /** The user's: `home/.ssh/key` holds SECRET. */
  readonly home: string;
  /** Writes a file as the account. */
  readonly put: (name: string, content: string) => void;
  readonly link: (name: string, target: string) => void;
  /** Writes sandbox.toml, with an image. */
  readonly toml: (text: string) => void;
  /** Runs a script in the default environment. */
  readonly shell: (script: string, input?: string) => ReturnType<World['sandbox']>;
  /** It has to be refused for want of trust. */
  readonly refused: (expected: RegExp, words?: readonly string[]) => Promise<void>;
}

async function clone(t: TestContext): Promise<Clone> {
  const world = await imageWorld(t);
  const { cwd, user } = world;
  const image = `${world.registry.host}/box:1`;
  world.serve('box:1');
  const own = (path: string): void => chownSync(path, user.uid, user.gid);
  const home = `${cwd}/../home`.replace('/project/..', '');
  for (const path of [home, `${home}/.ssh`]) {
    mkdirSync(path, { mode: 0o700 });
    own(path);
  }
  writeFileSync(`${home}/.ssh/key`, `${SECRET}\n`);
  own(`${home}/.ssh/key`);
  const sandbox: World['sandbox'] = async (words, options = {}) =>
    await world.sandbox(words, { ...options, env: { HOME: home, SECRET_TOKEN: SECRET, ...options.env } });
  const put = (name: string, content: string): void => {
    for (let end = name.indexOf('/'); end !== -1; end = name.indexOf('/', end + 1)) {
      mkdirSync(`${cwd}/${name.slice(0, end)}`, { recursive: true });
      own(`${cwd}/${name.slice(0, end)}`);
    }
    writeFileSync(`${cwd}/${name}`, content);
    own(`${cwd}/${name}`);
  };
  return {
    ...world,
    home,
    put,
    sandbox,
    link: (name, target) => {
      rmSync(`${cwd}/${name}`, { recursive: true, force: true });
      symlinkSync(target, `${cwd}/${name}`);
    },
    toml: (text) => put('sandbox.toml', `image = "${image}"\n${text}\n`),
    shell: async (script, input = '') => await sandbox(['shell', '-c', script], { input }),
    refused: async (expected, words = ['shell', '-c', 'cat /x/key; env']) => {
      const { status, stdout, stderr } = await sandbox(words, { input: 'y\ny\n' });
      assert.deepEqual([status, stdout], [125, ''], stderr);
      assert.match(stderr, /is not trusted, and asks for/);
      assert.match(stderr, expected);
      assert.match(stderr, /hint: read it, and then `sandbox trust/);
      assert.ok(!stderr.includes(SECRET));
    },
  };
}

test("an untrusted clone gets nothing of the user's, however its file asks for it", withBusybox, async (t) => {
  const here = await clone(t);
  const { home, cwd } = here;
  here.link('keys', `${home}/.ssh`);
  here.link('chain', 'keys/../.ssh');
  here.link('up', '..');
  here.put('data/file', '');
  for (const source of [
    '~/.ssh',
    './keys',
    './chain',
    `${home}/.ssh`,
    './../home/.ssh',
    './up/home/.ssh',
    './data/../keys',
  ]) {
    here.toml(`volumes = ["${source}:/x"]`);
    await here.refused(/\/home\/\.ssh of this machine, as \/x/);
  }
  const others: ReadonlyArray<readonly [toml: string, expected: RegExp]> = [
    ['volumes = ["~/:/x"]', /\/home of this machine, as \/x, to read and to change/],
    ['volumes = ["/:/x:ro"]', /- \/ of this machine, as \/x, to read\n/],
    ['pass-env = ["SECRET_*"]', /your variable SECRET_\*/],
    ['secrets = ["SECRET_TOKEN"]', /the secret SECRET_TOKEN/],
    ['session = ["ssh-agent"]', /ssh-agent of your session/],
    ['devices = ["/dev/fuse"]', /the device \/dev\/fuse/],
    ['profile = "work"', /your own profile work/],
  ];
  for (const [toml, expected] of others) {
    here.toml(toml);
    await here.refused(expected);
  }
  // Wherever it is asked for from.
  here.toml(
    '[env.evil]\nimage = "host"\nvolumes = ["~/.ssh:/x"]\n[command.go]\nenvironment = "evil"\nrun = "cat /x/key"',
  );
  await here.refused(/\.ssh/, ['shell', 'evil', '-c', 'cat /x/key']);
  await here.refused(/\.ssh/, ['run', 'evil', '--', 'cat', '/x/key']);
  await here.refused(/\.ssh/, ['do', 'go']);
  here.put('sandbox.toml', 'image = "host"\n');
  here.put('sandbox.local.toml', 'volumes = ["~/.ssh:/x"]\n');
  await here.refused(/sandbox\.toml is not trusted.*\n.*\.ssh of this machine/);
  assert.deepEqual(readdirSync(`${home}/.ssh`), ['key'], cwd);
});

test('a file in a home or another place that holds more than a project is refused', withBusybox, async (t) => {
  const here = await clone(t);
  const { home, user } = here;
  writeFileSync(`${home}/sandbox.toml`, 'image = "host"\nworkspace = "rw"\n');
  const { status, stdout, stderr } = await here.sandbox(['shell', '-c', 'cat .ssh/key'], { cwd: home });
  assert.deepEqual([status, stdout], [125, ''], stderr);
  assert.match(stderr, /all of ".*\/home", which is more than a project's directory/);
  here.toml('');
  if (isRoot) {
    chownSync(here.cwd, 4321, 4321);
    await here.refused(/belongs to another user \(4321\)/);
    chownSync(here.cwd, user.uid, user.gid);
  }
  chmodSync(here.cwd, 0o777);
  await here.refused(/everybody can write to its directory/);
});

test('config.toml says more about a directory than the file in it', withBusybox, async (t) => {
  const here = await clone(t);
  const config = `${here.env.XDG_CONFIG_HOME}/sandbox/config.toml`;
  here.toml('profile = "dev"');
  assert.equal((await here.shell('echo nothing was said')).stdout, 'nothing was said\n');
  writeFileSync(config, `${readFileSync(config, 'utf8')}\n[projects."${here.cwd}"]\nprofile = "strict"\n`);
  await here.refused(/the profile dev in place of what your profile strict has/);
  here.toml('network = "host"');
  await here.refused(/the network of this machine in place of what/);
});

test('trust is for what was read, and for nothing that comes after', withBusybox, async (t) => {
  const here = await clone(t);
  const { home, cwd } = here;
  here.put('data/file', 'of the project\n');
  here.put('shared/file', '');
  here.toml('volumes = ["./data:/x", "~/open:/open:ro"]');
  mkdirSync(`${home}/open`);
  await here.refused(/home\/open of this machine, as \/open, to read/);
  await here.says(['trust'], { env: { HOME: home } });
  assert.equal((await here.shell('cat /x/file')).stdout, 'of the project\n');
  // A link in place of what is in the project: the file that was read says the same as before.
  here.link('data', `${home}/.ssh`);
  const swapped = await here.shell('cat /x/key');
  assert.deepEqual([swapped.status, swapped.stdout], [125, ''], swapped.stderr);
  assert.ok(!swapped.stderr.includes(SECRET));
  // The same where nothing is remembered of the last start.
  writeFileSync(`${cwd}/sandbox.lock`, `${readFileSync(`${cwd}/sandbox.lock`, 'utf8')}\n`);
  await here.refused(/\.ssh of this machine, as \/x, to read and to change/);
  here.link('data', 'shared');
  assert.equal((await here.shell('ls /x')).stdout, 'file\n');
  // A byte more.
  here.toml('volumes = ["./data:/x", "~/open:/open:ro"] ');
  await here.refused(/home\/open/);
  here.toml('volumes = ["./data:/x", "~/open:/open:ro"]');
  assert.equal((await here.shell('ls /x')).stdout, 'file\n');
  here.put('sandbox.local.toml', '\n');
  await here.refused(/home\/open/);
  rmSync(`${cwd}/sandbox.local.toml`);
  assert.equal((await here.shell('ls /x')).stdout, 'file\n');
  // A shim has it compiled in, and goes with the trust.
  const shimmed = await here.sandbox(['shim', 'ls']);
  assert.equal(shimmed.status, 0, shimmed.stderr);
  assert.equal((await runAs(here.user, [`${cwd}/.sandbox/bin/ls`, '/x'], { cwd, env: here.env })).stdout, 'file\n');
  await here.sandbox(['trust', '--revoke']);
  await here.refused(/home\/open/);
  assert.ok(!existsSync(`${cwd}/.sandbox/bin/ls`));
});

test('code inside cannot change what the next start shows of the host', withBusybox, async (t) => {
  const here = await clone(t);
  const { home } = here;
  here.put('data/inner/file', '');
  here.toml('volumes = ["./data:/x", "./data/inner:/y"]');
  assert.equal((await here.shell('ls /x')).stdout, 'inner\n');
  // The project is writable inside, and nothing of its file has changed afterwards.
  const swap = `mv data/inner data/away && ln -s ${home}/.ssh data/inner && ls data`;
  assert.equal((await here.shell(swap)).status, 0);
  for (const attempt of ['remembered', 'anew']) {
    if (attempt === 'anew') here.toml('volumes = ["./data:/x", "./data/inner:/y"] ');
    const { status, stdout, stderr } = await here.shell('cat /y/key');
    assert.deepEqual([status, stdout], [125, ''], `${attempt}: ${stderr}`);
    assert.ok(!stderr.includes(SECRET));
    assert.doesNotMatch(stderr, /This is a bug/);
  }
});

test("what a project's shims are cannot be changed inside", withBusybox, async (t) => {
  const here = await clone(t);
  const { cwd } = here;
  const shims = `${cwd}/.sandbox`;
  const attempts = [
    `touch ${shims}/evil`,
    `mkdir -p ${shims}/bin/evil`,
    `rm -rf ${shims}`,
    `rmdir ${shims}`,
    `mv ${shims} ${cwd}/away`,
    `mv ${cwd} ${cwd}-away`,
    `chmod 777 ${shims}`,
    `umount ${shims}`,
    `umount -l ${shims}`,
    `mount -o remount,bind,rw ${shims}`,
    `mount -t tmpfs none ${shims}`,
    `ln -sfn /tmp ${shims}`,
    'touch /all/.sandbox/evil',
    'rm -rf /all/.sandbox',
    'mv /all/.sandbox /all/away',
    'touch /shims/evil',
    'mkdir -p /shims/bin/evil',
    'touch /deep/../all/.sandbox/evil',
  ].map((attempt) => attempt.replace(/^(\w+)/, '/bin/busybox $1'));
  const script = [
    ...attempts.map((attempt) => `(${attempt}) 2>/dev/null`),
    ...attempts.map((attempt) => `/bin/busybox unshare -Urm /bin/busybox sh -c '${attempt}' 2>/dev/null`),
    'echo done',
  ].join('; ');
  // They work where nothing keeps them off.
  here.put('plain/file', '');
  here.toml('volumes = ["./:/all", "./plain:/shims"]');
  await here.shell(script.replaceAll('.sandbox', 'plain'));
  assert.ok(!existsSync(`${cwd}/plain/file`));
  for (const name of ['plain', 'away']) rmSync(`${cwd}/${name}`, { recursive: true, force: true });
  for (const workspace of ['rw', 'cow', 'ro']) {
    here.toml(`workspace = "${workspace}"\nvolumes = ["./:/all", "./.sandbox:/shims"]`);
    const { status, stdout, stderr } = await here.shell(script);
    assert.deepEqual([status, stdout], [0, 'done\n'], stderr);
    assert.ok(lstatSync(shims).isDirectory());
    assert.deepEqual(readdirSync(shims), [], workspace);
    assert.equal(lstatSync(shims).mode & 0o777, 0o755);
    assert.ok(!existsSync(`${cwd}/away`));
    // It is the directory that is seen, and what outside puts there is.
    here.put('.sandbox/bin/tool', 'shim\n');
    assert.equal((await here.shell('cat .sandbox/bin/tool /all/.sandbox/bin/tool')).stdout, 'shim\nshim\n');
    rmSync(`${shims}/bin`, { recursive: true });
  }
});

test('what others put in the place of the files of a project is refused at once', withBusybox, async (t) => {
  const here = await clone(t);
  const { home, user, cwd } = here;
  const said = async (words: readonly string[]): Promise<string> => {
    const { status, stderr } = await here.sandbox(words, { timeout: 30_000 });
    assert.equal(status, 125, stderr);
    assert.doesNotMatch(stderr, /This is a bug/);
    assert.ok(!stderr.includes(SECRET));
    return stderr;
  };
  const shell = ['shell', '-c', 'true'];
  const fifo = async (name: string): Promise<void> => {
    rmSync(`${cwd}/${name}`, { recursive: true, force: true });
    assert.equal((await runAs(user, ['mkfifo', `${cwd}/${name}`])).status, 0);
  };
  here.toml('');
  here.link('.sandbox', `${home}/.ssh`);
  assert.match(await said(shell), /\.sandbox is no directory: the project's shims are to lie there/);
  rmSync(`${cwd}/.sandbox`);
  here.put('.sandbox', 'a file');
  assert.match(await said(shell), /\.sandbox is no directory/);
  rmSync(`${cwd}/.sandbox`);
  if (isRoot) {
    mkdirSync(`${cwd}/.sandbox`);
    chownSync(`${cwd}/.sandbox`, 4321, 4321);
    assert.match(await said(shell), /\.sandbox belongs to another user/);
    rmSync(`${cwd}/.sandbox`, { recursive: true });
  }
  for (const name of ['sandbox.local.toml', 'sandbox.lock']) {
    here.link(name, `${home}/.ssh/key`);
    assert.match(await said(shell), new RegExp(`${name} .*symbolic link`));
    await fifo(name);
    assert.match(await said(shell), new RegExp(name));
    rmSync(`${cwd}/${name}`);
  }
  // What is no file is no project.
  const toml = readFileSync(`${cwd}/sandbox.toml`);
  await fifo('sandbox.toml');
  assert.match(await said(['lock']), /there is no sandbox\.toml in/);
  assert.equal((await here.sandbox(['__trusted', cwd], { timeout: 30_000 })).status, 1);
  here.put('real.toml', toml.toString());
  here.link('sandbox.toml', 'real.toml');
  assert.match(await said(['lock']), /there is no sandbox\.toml in/);
  assert.deepEqual(readdirSync(`${home}/.ssh`), ['key']);
});

test('inputs of steps do not lead out of the project', withBusybox, async (t) => {
  const here = await clone(t);
  const { home } = here;
  here.link('key', `${home}/.ssh/key`);
  here.link('keys', `${home}/.ssh`);
  for (const inputs of ['key', 'keys/key', 'keys/**', 'keys', '**']) {
    here.toml(
      `[[steps]]\ninputs = ["${inputs}"]\nrun = "cat key keys/key keys/* 2>&1 || true; find . -type f -exec cat {} +"`,
    );
    const { stdout, stderr } = await here.shell('true');
    assert.ok(!`${stdout}${stderr}`.includes(SECRET), inputs);
  }
  for (const inputs of ['../home/.ssh/key', `${home}/.ssh/key`, '~/.ssh/key']) {
    here.toml(`[[steps]]\ninputs = ["${inputs}"]\nrun = "true"`);
    const { status, stderr } = await here.shell('true');
    assert.equal(status, 125, inputs);
    assert.doesNotMatch(stderr, /This is a bug/);
  }
});

test('what is asked for is shown as it is, and asked on a terminal only', withBusybox, async (t) => {
  const here = await clone(t);
  const { home, user, cwd, env } = here;
  mkdirSync(`${home}/open`);
  here.toml('volumes = ["~/open:/x\\u001b[2J\\u202e"]');
  const shown = await here.sandbox(['trust', '--show']);
  assert.ok(!['\u001b', '\u202e'].some((sign) => (shown.stdout + shown.stderr).includes(sign)), shown.stderr);
  here.toml('volumes = ["~/open:/x"]');
  const open = async () =>
    await Terminal.open(t, user, [user.sandbox, 'shell', '-c', 'echo in $((40+2))'], {
      cwd,
      env: { ...env, HOME: home },
    });
  for (const [typed, status] of [
    ['\n', 125],
    ['n\n', 125],
    ['y\n', 0],
  ] as const) {
    const terminal = await open();
    await terminal.see(/\[y\/N\]/);
    assert.match(terminal.shown, /home\/open of this machine, as \/x/);
    terminal.type(typed);
    if (status === 0) await terminal.see(/in 42/);
    assert.equal(await terminal.end(), status);
    assert.equal(terminal.shown.includes('in 42'), status === 0);
  }
  assert.equal((await here.shell('echo trusted')).stdout, 'trusted\n');
});
