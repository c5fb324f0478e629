import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { environmentOf } from '../../support/user.ts';
import { withBusybox } from '../images/support/world.ts';
import { leftovers, type ProjectWorld, projectWorld, step } from './world.ts';

interface Running {
  readonly child: ChildProcess;
  /** All that was written to standard error so far. */
  readonly said: () => string;
  readonly saying: (text: string) => Promise<void>;
  readonly ended: Promise<{ readonly status: number | null; readonly signal: string | null }>;
}

/** Starts a build and does not wait for it. */
function start({ user, cwd, env }: ProjectWorld, ...words: string[]): Running {
  const ids = process.getuid?.() === 0 ? { uid: user.uid, gid: user.gid } : {};
  const child = spawn(user.sandbox, ['build', ...words], {
    cwd,
    env: environmentOf(user, env),
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 60_000,
    killSignal: 'SIGKILL',
    ...ids,
  });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (more: string) => {
    text += more;
  });
  const ended: Running['ended'] = new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => resolve({ status, signal }));
  });
  const saying = async (wanted: string): Promise<void> => {
    while (!text.includes(wanted)) {
      assert.equal(child.exitCode, null, `it has ended: ${text}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  return { child, said: () => text, saying, ended };
}

/** Whether the account runs something with these words in its command line. */
function isRunning({ user }: ProjectWorld, words: string): boolean {
  return spawnSync('pgrep', ['-u', user.name, '-f', words]).status === 0;
}

async function until(isSo: () => boolean, what: string): Promise<void> {
  const begun = Date.now();
  while (!isSo()) {
    assert.ok(Date.now() - begun < 10_000, what);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('a build', () => {
  it('that is killed at any instant leaves nothing that runs, and only garbage', withBusybox, async (t) => {
    const world = await projectWorld(t);
    world.write('data/a', 'A');
    world.steps(
      step('echo one > /one; sleep 0.0771'),
      step(
        'mkdir -p /many; for i in $(seq 200); do echo $i > /many/$i; done; chown -R 33:33 /many; sleep 0.0771',
        'inputs = ["data"]',
      ),
      step('cat /one /many/7 /inputs/data/a > /all || true; sleep 0.0771'),
    );
    for (let round = 0; round < 10; round++) {
      const { child, ended } = start(world);
      await new Promise((resolve) => setTimeout(resolve, 60 + Math.random() * 900));
      child.kill('SIGKILL');
      await ended;
      await until(() => !isRunning(world, 'sleep 0.0771'), 'the step goes on');
      if (round % 3 === 2) rmSync(`${world.store}/steps`, { recursive: true, force: true });
    }
    assert.equal((await world.origins()).length, 3);
    assert.equal(await world.shell('cat /all; ls /many | wc -l; stat -c %u /many/200'), 'one\n7\n200\n33');
    await world.says(['gc']);
    assert.deepEqual(leftovers(world), []);
  });

  it('ends with Ctrl-C at once, and takes the step with it', withBusybox, async (t) => {
    const world = await projectWorld(t);
    world.steps(
      step('echo done > /done'),
      step('echo begun; chown 5:5 /done; sleep 77.25 & trap "" TERM INT; sleep 77.25'),
    );
    const { child, saying, ended } = start(world, '--progress', 'plain');
    await saying('begun');
    const begun = Date.now();
    child.kill('SIGINT');
    assert.deepEqual(await ended, { status: 130, signal: null });
    assert.ok(Date.now() - begun < 8000);
    assert.equal(isRunning(world, 'sleep 77.25'), false);
    assert.deepEqual(leftovers(world), []);
    world.steps(step('echo done > /done'));
    assert.deepEqual(await world.origins(), ['1 reused']);
  });

  it('of a project that is being built waits, and then finds everything', withBusybox, async (t) => {
    const world = await projectWorld(t);
    world.steps(step('echo begun; sleep 3; date +%s%N > /when'));
    const first = start(world, '--progress', 'plain');
    await first.saying('begun');
    const second = start(world, '--progress', 'plain');
    await second.saying('waiting for another build of this project');
    assert.equal((await first.ended).status, 0, first.said());
    assert.equal((await second.ended).status, 0, second.said());
    assert.match(second.said(), /\[1\/1\] step 1 reused/);
    assert.doesNotMatch(second.said(), /begun/);
    assert.deepEqual(leftovers(world), []);
  });

  it('of another project with the same step takes the layer that is there first', withBusybox, async (t) => {
    const world = await projectWorld(t);
    const script = 'echo begun; sleep 1; echo same > /same';
    world.steps(step(script));
    const other = { ...world, cwd: `${world.cwd}/../other` };
    mkdirSync(other.cwd);
    writeFileSync(`${other.cwd}/sandbox.toml`, `image = "${world.registry.host}/box:1"\n[[steps]]\n${step(script)}`);
    spawnSync('chown', ['-R', `${world.user.uid}:${world.user.gid}`, other.cwd]);
    await world.says(['image', 'pull', '-q', `${world.registry.host}/box:1`]);
    const [first, second] = [start(world, '--progress', 'plain'), start(other, '--progress', 'plain')];
    await Promise.all([first.saying('begun'), second.saying('begun')]);
    assert.equal((await first.ended).status, 0, first.said());
    assert.equal((await second.ended).status, 0, second.said());
    assert.deepEqual(await world.origins(), ['1 reused']);
    const layers = readdirSync(`${world.store}/layers`).filter((name) => name !== '.work');
    // The image's one, and the step's.
    assert.equal(readdirSync(`${world.store}/layers/${layers[0]}`).length, 2);
    assert.deepEqual(leftovers(world), []);
  });

  it('shows a step what its inputs were when it began, whatever happens to them', withBusybox, async (t) => {
    const world = await projectWorld(t);
    world.write('data', 'as it was');
    world.write('later', 'x');
    world.steps(
      step('echo begun; sleep 1; cat /inputs/data > /seen', 'inputs = ["data"]'),
      step('cat later', 'inputs = ["later"]'),
    );
    const { saying, said, ended } = start(world, '--progress', 'plain');
    await saying('begun');
    world.write('data', undefined);
    world.write('later', undefined);
    assert.equal((await ended).status, 125);
    assert.match(said(), /inputs: there is no "later"/);
    assert.match(said(), /\[1\/2\] step 1 built/);
    world.write('data', 'as it was');
    world.steps(step('echo begun; sleep 1; cat /inputs/data > /seen', 'inputs = ["data"]'));
    assert.deepEqual(await world.origins(), ['1 reused']);
    assert.equal(await world.shell('cat /seen'), 'as it was');
    assert.deepEqual(leftovers(world), []);
  });
});
