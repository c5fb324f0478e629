import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ordinary } from '../faults/support/place.ts';
import { project } from '../support/project.ts';

const SHOW = `
[env]
GREETING = "hello"

[command.show]
run = 'printf "<%s>" "$GREETING" "$PWD" "$@"'

[command.words]
run = ["printf", "<%s>", "first"]
workdir = "packages/api"
env = { GREETING = "of the command" }

[command.where]
run = 'printf "%s %s" "$PWD" "$GREETING"'
workdir = "packages/api"
env = { GREETING = "of the command" }

[command.end]
run = 'exit "$1"'

[command.signal]
run = 'kill -$1 $$'

[command.missing]
run = ["no-such-program"]

[command.no-program]
run = ["/etc/passwd"]

[command.copy]
run = "cat; echo error >&2"
`;

describe('a command of a project', ordinary, () => {
  it('gets its words as they are, in the project, wherever in it they are typed', async (t) => {
    const { run, write, cwd } = project(t, SHOW);
    write('packages/api/file', '');
    const words = ['--env', 'a b', '', `it's "$HOME"`, '*', '--', '-x'];
    for (const [start, directory] of [
      [['show'], ''],
      [['do', 'show'], 'packages/api'],
      [['do', '--', 'show'], ''],
    ] as const) {
      const { stdout, stderr, status } = await run([...start, ...words], { in: directory });
      assert.equal(stdout, `<hello><${cwd}>${words.map((word) => `<${word}>`).join('')}`);
      assert.deepEqual([stderr, status], ['', 0]);
    }
    const listed = await run(['words', '--help', 'c d']);
    assert.equal(listed.stdout, '<first><--help><c d>');
    const where = await run(['where']);
    assert.equal(where.stdout, `${cwd}/packages/api of the command`);
    const asked = await run(['do', '-e', 'GREETING=typed', '-w', '/usr', 'where']);
    assert.equal(asked.stdout, '/usr typed');
  });

  it('ends as it ends: status, signal, and what cannot be executed', async (t) => {
    const { run } = project(t, SHOW);
    for (const [words, status] of [
      [['end', '0'], 0],
      [['end', '77'], 77],
      [['signal', 'TERM'], 143],
      [['signal', 'KILL'], 137],
      [['missing'], 127],
      [['no-program'], 126],
      [['do', '--network', 'some', 'end'], 125],
      [['do', 'nothing'], 125],
    ] as const) {
      assert.equal((await run(words)).status, status, words.join(' '));
    }
  });

  it('has the streams of who starts it', async (t) => {
    const { run } = project(t, SHOW);
    const input = 'line\n'.repeat(20_000);
    const { stdout, stderr } = await run(['copy'], { input });
    assert.equal(stdout, input);
    assert.equal(stderr, 'error\n');
  });

  it('is never one that sandbox has itself, and is looked for where none is', async (t) => {
    const { run } = project(t, `${SHOW}\n[command.ps]\nrun = "echo own"\n`);
    assert.match((await run(['ps'])).stdout, /^NAME/);
    assert.equal((await run(['do', 'ps'])).stdout, 'own\n');
    const slip = await run(['shwo']);
    assert.equal(slip.status, 125);
    assert.match(slip.stderr, /no command "shwo"\n {2}hint: did you mean `sandbox show`\?/);
    assert.match((await run(['shel'])).stderr, /did you mean `sandbox shell`/);
    assert.match(
      (await run(['do', 'wher'])).stderr,
      /sandbox\.toml has no command "wher"\n {2}hint: did you mean where\?/,
    );
    assert.match((await run(['--show'])).stderr, /no option "--show"/);
    assert.match((await run(['do'])).stderr, /no command given/);
  });

  it('is what sandbox.toml says now', async (t) => {
    const { run, write } = project(t, '[command.one]\nrun = "echo 1"\n');
    assert.equal((await run(['one'])).stdout, '1\n');
    write('sandbox.toml', 'image = "host"\n[command.one]\nrun = "echo 2"\n');
    assert.equal((await run(['one'])).stdout, '2\n');
    write('sandbox.local.toml', '[command.one]\nrun = "echo 3"\n');
    assert.equal((await run(['one'])).stdout, '3\n');
    write('sandbox.toml', 'image = "host"\n[command.one]\nrunn = "echo 2"\n');
    const { stderr, status } = await run(['one']);
    assert.equal(status, 125);
    assert.match(stderr, /sandbox\.toml:3:1: /);
  });
});

describe('commands that require others', ordinary, () => {
  const TOML = `
[command.generate]
run = "echo generate >> order; exit \${GENERATE:-0}"
[command.build]
run = "echo build >> order"
requires = ["generate"]
[command.lint]
run = "echo lint >> order"
requires = ["generate"]
[command.test]
run = 'echo test "$@" >> order; exit 3'
requires = ["build", "lint"]
`;

  it('come after them, each once, and alone get the words', async (t) => {
    const { run } = project(t, `${TOML}[command.order]\nrun = "cat order"\n`);
    const { status, stderr } = await run(['test', '--fast']);
    assert.deepEqual([status, stderr], [3, '']);
    assert.equal((await run(['order'])).stdout, 'generate\nbuild\nlint\ntest --fast\n');
  });

  it('do not run when one of them fails: its status, and which it was', async (t) => {
    const { run } = project(t, `${TOML}[command.order]\nrun = "cat order"\n`);
    const { status, stderr } = await run(['do', '-e', 'GENERATE=9', 'test']);
    assert.equal(status, 9);
    assert.equal(stderr, 'sandbox: test is not run: generate failed: status 9\n');
    assert.equal((await run(['order'])).stdout, 'generate\n');
  });

  it('are refused where they go in a circle', async (t) => {
    const { run } = project(
      t,
      '[command.a]\nrun = "true"\nrequires = ["b"]\n[command.b]\nrun = "true"\nrequires = ["a"]\n',
    );
    const { status, stderr } = await run(['a']);
    assert.equal(status, 125);
    assert.match(stderr, /sandbox\.toml:\d+:\d+: .*a.*b/);
  });
});

describe('a command with each', ordinary, () => {
  const TOML = `
[env.node18]
image = "host"
env = { VERSION = "eighteen" }
[env.node20]
extends = "node18"
env = { VERSION = "twenty" }
[command.matrix]
run = 'echo "$NODE $VERSION $MODE"; test "$MODE" != "$FAILS" || exit $NODE'
environment = "node{NODE}"
env = { FAILS = "none" }
each = { NODE = ["18", "20"], MODE = ["slow", "fast"] }
`;

  it('is run for every combination in its environment, each with a line of its own', async (t) => {
    const { run } = project(t, TOML);
    const { status, stdout, stderr } = await run(['matrix']);
    assert.equal(stdout, '18 eighteen slow\n18 eighteen fast\n20 twenty slow\n20 twenty fast\n');
    assert.equal(
      stderr,
      ['18 MODE=slow', '18 MODE=fast', '20 MODE=slow', '20 MODE=fast'].map((text) => `— NODE=${text} —\n`).join(''),
    );
    assert.equal(status, 0);
  });

  it('goes on when one fails, says which, and ends with the first status', async (t) => {
    const { run } = project(t, TOML);
    const { status, stdout, stderr } = await run(['do', '-e', 'FAILS=fast', 'matrix']);
    assert.equal(stdout.split('\n').length, 5);
    assert.equal(status, 18);
    assert.match(stderr, /matrix failed: NODE=18 MODE=fast \(status 18\), NODE=20 MODE=fast \(status 20\)\n$/);
  });

  it('is run for those that --only leaves', async (t) => {
    const { run } = project(t, TOML);
    const one = await run(['do', '--only', 'NODE=20', '--only=MODE=fast', 'matrix']);
    assert.deepEqual([one.stdout, one.stderr], ['20 twenty fast\n', '— NODE=20 MODE=fast —\n']);
    const none = await run(['do', '--only', 'NODE=19', 'matrix']);
    assert.equal(none.status, 125);
    assert.match(none.stderr, /has no NODE "19"/);
  });
});
