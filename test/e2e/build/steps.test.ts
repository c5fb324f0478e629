import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { bareWithBusybox, withBusybox } from '../images/support/world.ts';
import { leftovers, projectWorld, step } from './world.ts';

describe('steps of a project', () => {
  it('make layers, each seen by the next and by the environment, and are not run again', withBusybox, async (t) => {
    const world = await projectWorld(t);
    world.steps(step('echo one > /one; rm /etc/motd 2>/dev/null || true'), step('cat /one > /two; echo two >> /two'));
    assert.deepEqual(await world.origins(), ['1 built', '2 built']);
    assert.equal(await world.shell('cat /two'), 'one\ntwo');
    assert.deepEqual(await world.origins(), ['1 reused', '2 reused']);
    const { stdout } = await world.build();
    assert.equal(stdout, 'default: nothing has changed\n');
    assert.deepEqual(leftovers(world), []);
  });

  it('are run again from the one on that has changed', withBusybox, async (t) => {
    const world = await projectWorld(t);
    const [first, last] = [step('date +%s%N > /first'), step('cat /first /second > /third')];
    world.steps(first, step('echo a > /second'), last);
    assert.deepEqual(await world.origins(), ['1 built', '2 built', '3 built']);
    const before = await world.shell('cat /first');
    world.steps(first, step('echo b > /second'), last);
    assert.deepEqual(await world.origins(), ['1 reused', '2 built', '3 built']);
    assert.equal(await world.shell('cat /third'), `${before}\nb`);
    world.steps(first, step('echo a > /second'), last);
    assert.deepEqual(await world.origins(), ['1 reused', '2 reused', '3 reused']);
    assert.deepEqual(await world.origins('--no-cache'), ['1 built', '2 built', '3 built']);
  });

  it('get their inputs read-only, and depend on nothing else of the project', withBusybox, async (t) => {
    const world = await projectWorld(t);
    world.write('data/a.txt', 'A');
    world.write('data/deep/b.txt', 'B');
    world.write('other', 'x');
    world.steps(
      step(
        'pwd > /where; find . -type f | sort > /list; cat data/a.txt > /a; ! touch /inputs/x 2>/dev/null',
        'inputs = ["data/**"]',
      ),
    );
    assert.deepEqual(await world.origins(), ['1 built']);
    assert.equal(await world.shell('cat /where /list /a'), '/inputs\n./data/a.txt\n./data/deep/b.txt\nA');
    world.write('other', 'y');
    assert.deepEqual(await world.origins(), ['1 reused']);
    world.write('data/a.txt', 'changed');
    assert.deepEqual(await world.origins(), ['1 built']);
    assert.equal(
      await world.shell('cat /a; ls -d /inputs 2>&1 | tail -n 1'),
      'changedls: /inputs: No such file or directory',
    );
    world.write('data/c.txt', '');
    assert.deepEqual(await world.origins(), ['1 built']);
    world.write('data/c.txt', undefined);
    assert.deepEqual(await world.origins(), ['1 reused']);
  });

  it('know nothing of the machine: names, terminal, time zone, language, network', withBusybox, async (t) => {
    const world = await projectWorld(t);
    world.steps(
      step(
        '{ env | sort; hostname; id -u; ls /sys/class/net; test -t 0 || echo no terminal; } > /about',
        'env = { MINE = "1" }',
      ),
    );
    const env = { TZ: 'Asia/Tokyo', LANG: 'de_DE.UTF-8', TERM: 'xterm', SECRET: 'x' };
    assert.equal((await world.sandbox(['build'], { env })).status, 0);
    const about = (await world.shell('cat /about')).split('\n');
    const names = about.filter((line) => line.includes('=')).map((line) => line.split('=')[0]);
    assert.deepEqual(
      names,
      ['HOME', 'MINE', 'PATH', 'PWD', 'SHLVL', 'SOURCE_DATE_EPOCH'].filter((name) => names.includes(name)),
    );
    assert.ok(names.includes('MINE') && names.includes('SOURCE_DATE_EPOCH'));
    assert.deepEqual(
      about.filter((line) => !line.includes('=')),
      ['sandbox', '0', 'lo', 'no terminal'],
    );
  });

  it('fail with their log, and leave the state before them for a shell', withBusybox, async (t) => {
    const world = await projectWorld(t);
    world.write('data', 'input');
    const bad =
      'name = "breaks"\nrun = "cat data; echo $WORD; echo said >&2; false; echo never"\ninputs = ["data"]\nenv = { WORD = "hello" }';
    world.steps(step('echo one > /one'), bad, step('echo three > /three'));
    const { status, stderr } = await world.build();
    assert.equal(status, 125);
    assert.match(stderr, /\| inputhello\n {2}\| said\n/);
    assert.match(stderr, /sandbox: step 2 \(breaks\) failed with status 1\n/);
    assert.match(stderr, /`sandbox shell --at-step 2`/);
    assert.doesNotMatch(stderr, /never/);
    const log = /all that it said: (.*)\n/.exec(stderr)?.[1] ?? '';
    assert.equal(readFileSync(log, 'utf8'), 'inputhello\nsaid\n');
    assert.deepEqual(leftovers(world), []);
    const shown = await world.sandbox([
      'shell',
      '--at-step',
      '2',
      '-c',
      'pwd; cat /one data; echo; echo $WORD; ls -d /three 2>/dev/null || echo not yet',
    ]);
    assert.equal(shown.stdout, '/inputs\none\ninput\nhello\nnot yet\n', shown.stderr);
    const { stderr: none } = await world.sandbox(['shell', '--at-step', '4', '-c', 'true']);
    assert.match(none, /the environment default has no step 4\n.*it has step 1, step 2 \(breaks\), step 3/);
    world.steps(step('echo one > /one'), step('echo mended > /two'));
    assert.deepEqual(await world.origins(), ['1 reused', '2 built']);
  });

  it('need a shell in the image', withBusybox, async (t) => {
    const world = await projectWorld(t);
    world.steps(step('rm /bin/sh'), step('true'));
    const { status, stderr } = await world.build();
    assert.equal(status, 125);
    assert.match(stderr, /step 2 cannot be run: .*\/box:1 has no \/bin\/sh/);
  });

  it('want inputs that are there, and name those that are not', withBusybox, async (t) => {
    const world = await projectWorld(t);
    world.steps(step('true', 'inputs = ["missing.json"]'));
    const { status, stderr } = await world.build();
    assert.equal(status, 125);
    assert.match(stderr, /inputs: there is no "missing\.json"/);
  });

  it('keep what belongs to caches out of their layers, and find it the next time', withBusybox, async (t) => {
    const world = await projectWorld(t);
    const cached = (word: string): string =>
      step(
        `cat /var/cache/mine/* 2>/dev/null > /seen || true; echo ${word} > /var/cache/mine/${word}; echo $npm_config_cache > /npm`,
        'cache = ["/var/cache/mine", "npm"]',
      );
    world.steps(cached('first'));
    assert.deepEqual(await world.origins(), ['1 built']);
    assert.equal(await world.shell('cat /npm; ls -d /var/cache/mine 2>/dev/null || echo gone'), '/var/cache/npm\ngone');
    world.steps(cached('second'));
    assert.deepEqual(await world.origins(), ['1 built']);
    assert.equal(await world.shell('cat /seen'), 'first');
    const freed = await world.says(['gc', '--caches']);
    assert.match(freed, /removed .*1 cache\b/);
    world.steps(cached('third'));
    assert.deepEqual(await world.origins(), ['1 built']);
    assert.equal(await world.shell('cat /seen'), '');
  });

  it(
    "work without subordinate ids: all files are root's there, and the lock does not have the result",
    bareWithBusybox,
    async (t) => {
      const world = await projectWorld(t, 'bare');
      world.steps(step('echo x > /x; chown 7:8 /x'), step('cat /x > /y'));
      assert.deepEqual(await world.origins(), ['1 built', '2 built']);
      assert.equal(await world.shell('cat /x /y; stat -c %u /x'), 'x\nx\n0');
      assert.deepEqual(await world.origins(), ['1 reused', '2 reused']);
      assert.doesNotMatch(
        readFileSync(`${world.cwd}/sandbox.lock`, 'utf8').split('[[step]]').slice(1).join(''),
        /linux\//,
      );
      assert.deepEqual(leftovers(world), []);
    },
  );
});
