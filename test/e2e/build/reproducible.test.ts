import assert from 'node:assert/strict';
import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { needsAnotherAccount, runAs, testUser, workDirectory } from '../../support/user.ts';
import { withBusybox } from '../images/support/world.ts';
import { projectWorld, step } from './world.ts';

const skip = withBusybox.skip || needsAnotherAccount();

describe('the result of a step', () => {
  it('is the same for two accounts, at two times, in two places', { skip }, async (t) => {
    const world = await projectWorld(t);
    world.write('data/run', '#!/bin/sh\necho ran\n');
    world.write('data/text', 'text');
    world.steps(
      step(
        'cp -a data /copy; chown -R 33:42 /copy; mkdir -m 1777 /spool; ln /copy/text /hard; mkfifo /fifo',
        'inputs = ["data"]',
      ),
      step('rm -r /copy; mkdir /copy; hostname > /name; env | sort > /env; rm /hard; ln -s nowhere /hard'),
    );
    const first = await world.digests();
    const other = testUser('another');
    const home = workDirectory(t, other);
    const cwd = `${home}/elsewhere`;
    mkdirSync(`${cwd}/data`, { recursive: true });
    for (const name of ['data/text', 'data/run', 'sandbox.toml']) {
      writeFileSync(`${cwd}/${name}`, readFileSync(`${world.cwd}/${name}`));
    }
    for (const name of ['', '/data', '/data/text', '/data/run', '/sandbox.toml'])
      chownSync(cwd + name, other.uid, other.gid);
    const env = { XDG_DATA_HOME: `${home}/data`, TZ: 'Asia/Tokyo' };
    t.after(async () => await runAs(other, [other.sandbox, 'reset', '--force'], { env }));
    const { status, stdout, stderr } = await runAs(other, [other.sandbox, 'build', '--json'], {
      cwd,
      env,
      timeout: 60_000,
    });
    assert.equal(status, 0, stderr);
    const [{ steps }] = JSON.parse(stdout).environments;
    assert.deepEqual(
      steps.map(({ diffId }: { diffId: string }) => diffId),
      first,
    );
    const [mine, theirs] = [world.cwd, cwd].map((directory) => readFileSync(`${directory}/sandbox.lock`, 'utf8'));
    assert.equal(theirs, mine);
  });

  it('is compared by verify, which names what differs', withBusybox, async (t) => {
    const world = await projectWorld(t);
    world.steps(step('echo same > /same'), step('cat /proc/sys/kernel/random/uuid > /different; echo same > /also'));
    await world.origins();
    const { status, stdout } = await world.sandbox(['verify', '-q']);
    assert.equal(status, 1);
    assert.match(stdout, /^\[1\/2\] step 1: the same\n\[2\/2\] step 2: 1 difference\n {2}\/different: another content/);
    world.steps(
      step('echo same > /same'),
      'run = "cat /proc/sys/kernel/random/uuid > /different"\nreproducible = false',
    );
    await world.origins();
    assert.deepEqual(await world.sandbox(['verify', '-q']).then(({ status: end }) => end), 0);
  });
});
