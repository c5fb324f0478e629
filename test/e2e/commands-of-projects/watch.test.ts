import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { Terminal } from '../../support/terminal.ts';
import { projectWorld, step } from '../build/world.ts';
import { eventually, gone, sleepers, uniqueDuration } from '../faults/support/leftovers.ts';
import { onTerminal } from '../faults/support/place.ts';
import { withBusybox } from '../images/support/world.ts';
import { project, type TestProject } from '../support/project.ts';

/** For tests that build something, too. */
const building = { skip: withBusybox.skip || onTerminal.skip };
const CTRL_C = '\x03';

async function open(t: TestContext, where: TestProject, words: readonly string[]): Promise<Terminal> {
  const { user, cwd, env } = where;
  return await Terminal.open(t, user, [user.sandbox, ...words], { cwd, env: { ...env } });
}

describe('--watch', onTerminal, () => {
  it('runs the command again when a file changes that it means, and ends by Ctrl-C', async (t) => {
    const where = project(t, '[command.say]\nrun = "echo said $(cat src/text)"\nwatch = ["src/**"]\n');
    where.write('src/text', 'one');
    const terminal = await open(t, where, ['do', '--watch', 'say']);
    await terminal.see(/said one\r\n/);
    await terminal.see(/say ended with status 0: waiting for a change/);
    where.write('other', 'nothing');
    where.write('src/text', 'two');
    await terminal.see(/src\/text has changed\r\nsaid two\r\n/);
    await terminal.see(/waiting for a change/);
    where.write('src/new/deep/file', '');
    await terminal.see(/src\/new\/deep\/file has changed\r\nsaid two\r\n/);
    await terminal.see(/waiting for a change/);
    terminal.type(CTRL_C);
    assert.equal(await terminal.end(), 130);
  });

  it('ends the one that runs first, also one that does not want to', async (t) => {
    const duration = uniqueDuration();
    const run = `trap 'echo not now' TERM; echo begun; while :; do sleep ${duration}; done`;
    const where = project(t, `[command.serve]\nrun = "${run}"\nwatch = ["src"]\n`);
    where.write('src/text', 'one');
    const terminal = await open(t, where, ['do', '--watch', 'serve']);
    await terminal.see(/begun/);
    where.write('src/text', 'two');
    await terminal.see(/has changed\r\n/);
    await terminal.see(/begun/);
    await eventually('one of them', () => sleepers(duration).length === 1);
    terminal.type(CTRL_C);
    terminal.type(CTRL_C);
    assert.equal(await terminal.end(), 130);
    await gone('the command', () => sleepers(duration));
  });

  it('tells faults of sandbox.toml, and goes on when they are mended', async (t) => {
    const toml = (text: string): string => `image = "host"\n[command.say]\nrun = "echo ${text}"\nwatch = ["src"]\n`;
    const where = project(t, '');
    where.write('sandbox.toml', toml('before'));
    const terminal = await open(t, where, ['do', '--watch', 'say']);
    await terminal.see(/before\r\n.*waiting/);
    where.write('sandbox.toml', `${toml('')}bad =`);
    await terminal.see(/sandbox\.toml:5:\d+: [\s\S]*waiting for a change/);
    where.write('sandbox.toml', toml('after'));
    await terminal.see(/after\r\n/);
    terminal.type(CTRL_C);
    assert.equal(await terminal.end(), 130);
  });

  it('remembers what changes during a build, and starts nothing that is out of date', building, async (t) => {
    const world = await projectWorld(t);
    const { user, cwd, env, store } = world;
    const inStore = (name: string): string[] =>
      spawnSync('find', [store, '-name', name], { encoding: 'utf8' }).stdout.split('\n').slice(0, -1);
    const toml = (word: string, script: string): string => `
image = "${world.registry.host}/box:1"
[[steps]]
${step(script, 'cache = ["/sync"]')}
[command.say]
run = "trap '' TERM; echo ${word} $(cat src/text)"
watch = ["src"]
`;
    world.write('src/text', 'one');
    world.write('sandbox.toml', toml('said', 'touch /sync/begun; while ! test -e /sync/go; do sleep 0.1; done'));
    const terminal = await Terminal.open(t, user, [user.sandbox, 'do', '--watch', 'say'], { cwd, env });
    await eventually('the build', () => inStore('begun').length === 1);
    world.write('src/text', 'two');
    await terminal.see(/src\/text has changed/);
    // Nobody watches for this one while the build goes on, and yet it counts.
    world.write('sandbox.toml', toml('told', ':'));
    writeFileSync(inStore('begun')[0]?.replace(/begun$/, 'go') ?? '', '');
    await terminal.see(/told two\r\n/);
    await terminal.see(/waiting for a change/);
    assert.doesNotMatch(terminal.shown, /said|told one/);
    terminal.type(CTRL_C);
    assert.equal(await terminal.end(), 130);
  });

  it('is refused where the command does not say what to watch', async (t) => {
    const { run } = project(t, '[command.say]\nrun = "true"\n');
    const { status, stderr } = await run(['do', '--watch', 'say']);
    assert.equal(status, 125);
    assert.match(stderr, /--watch: the command say does not say which files to watch/);
  });
});

describe('Ctrl-C', onTerminal, () => {
  it('is the matter of a single command', async (t) => {
    const where = project(
      t,
      `[command.ask]\nrun = "trap 'echo caught; exit 5' INT; echo begun; while :; do sleep 0.1; done"\n`,
    );
    const terminal = await open(t, where, ['ask']);
    await terminal.see(/begun/);
    terminal.type(CTRL_C);
    await terminal.see(/caught/);
    assert.equal(await terminal.end(), 5);
  });

  it('ends a row of commands: no other one is started', async (t) => {
    const where = project(
      t,
      `[command.first]\nrun = "trap 'exit 0' INT; echo begun; while :; do sleep 0.1; done"\n[command.second]\nrun = "echo second"\nrequires = ["first"]\n`,
    );
    const terminal = await open(t, where, ['second']);
    await terminal.see(/begun/);
    terminal.type(CTRL_C);
    assert.equal(await terminal.end(), 130);
    assert.doesNotMatch(terminal.shown, /second/);
  });

  it('ends the combinations too', async (t) => {
    const where = project(t, '[command.all]\nrun = "echo begun $N; sleep 1000"\neach = { N = ["1", "2"] }\n');
    const terminal = await open(t, where, ['all']);
    await terminal.see(/begun 1/);
    terminal.type(CTRL_C);
    assert.equal(await terminal.end(), 130);
    assert.doesNotMatch(terminal.shown, /begun 2/);
  });

  it('is not the only signal: SIGTERM ends the command that runs, and those behind it', async (t) => {
    const duration = uniqueDuration();
    const where = project(
      t,
      `[command.first]\nrun = "echo begun; exec sleep ${duration}"\n[command.second]\nrun = "echo second"\nrequires = ["first"]\n`,
    );
    for (const [words, status] of [
      [['first'], 143],
      [['second'], 143],
    ] as const) {
      const terminal = await open(t, where, words);
      await terminal.see(/begun/);
      await eventually('the command', () => sleepers(duration).length === 1);
      process.kill(terminal.pid, 'SIGTERM');
      assert.equal(await terminal.end(), status, words.join(' '));
      assert.doesNotMatch(terminal.shown, /second/);
      await gone('the command', () => sleepers(duration));
    }
  });

  it('and Ctrl-Z stops a row of commands as one job, which goes on', async (t) => {
    const where = project(
      t,
      `[command.first]\nrun = "echo begun; read line; echo got $line"\n[command.second]\nrun = "echo second"\nrequires = ["first"]\n`,
    );
    const { user, cwd, env } = where;
    const shell = ['bash', '--norc', '--noprofile', '-i'];
    const terminal = await Terminal.open(t, user, shell, { cwd, env: { ...env, PS1: 'outer> ' } });
    await terminal.see(/outer> /);
    terminal.type(`${user.sandbox} second\r`);
    await terminal.see(/begun\r\n/);
    terminal.type('\x1a');
    await terminal.see(/Stopped[\s\S]*outer> /);
    terminal.type('fg\r');
    await terminal.see(/sandbox\S* second\r\n/);
    terminal.type('words\r');
    await terminal.see(/got words\r\n[\s\S]*second\r\n/);
    terminal.type('echo "status $?"; exit\r');
    await terminal.see(/status 0\r/);
  });
});
