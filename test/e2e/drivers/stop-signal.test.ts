import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { SIGNAL } from '../../../src/linux/constants/signal.ts';
import { environmentOf } from '../../support/user.ts';
import { imageLauncher, madeLayers, place, skipped } from './support/image-sandbox.ts';

/** Says each signal that arrives, and ends with it. */
const SCRIPT = `for name in TERM QUIT INT 37; do trap "echo got $name; exit 3" $name; done; echo ready; while :; do sleep 0.05; done`;

for (const { title, stopSignal, said } of [
  { title: 'without one a SIGTERM is a SIGTERM', stopSignal: undefined, said: 'TERM' },
  { title: 'SIGQUIT, as of nginx, comes in its place', stopSignal: SIGNAL.SIGQUIT, said: 'QUIT' },
  { title: 'a real-time signal, as of systemd, does too', stopSignal: 37, said: '37' },
]) {
  test(`StopSignal: ${title}`, { skip: skipped('subordinate') }, async (t) => {
    const where = place(t, 'subordinate');
    const layers = await madeLayers(where);
    const spec = stopSignal === undefined ? {} : { stopSignal };
    const launcher = imageLauncher(where, { layers, driver: 'native', spec, command: ['/bin/sh', '-c', SCRIPT] });
    const { uid, gid } = where.user;
    const own = process.getuid?.() === 0 ? { uid, gid } : {};
    const child = spawn(launcher, [], { ...own, env: environmentOf(where.user), stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    const status = await new Promise((resolve, reject) => {
      child.once('error', reject).once('close', resolve);
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (text.includes('ready')) child.kill('SIGTERM');
      });
    });
    assert.deepEqual([output, status], [`ready\ngot ${said}\n`, 3]);
  });
}

test('another signal than SIGTERM stays what it is', { skip: skipped('subordinate') }, async (t) => {
  const where = place(t, 'subordinate');
  const layers = await madeLayers(where);
  const spec = { stopSignal: SIGNAL.SIGQUIT };
  const launcher = imageLauncher(where, { layers, driver: 'native', spec, command: ['/bin/sh', '-c', SCRIPT] });
  const { uid, gid } = where.user;
  const own = process.getuid?.() === 0 ? { uid, gid } : {};
  const child = spawn(launcher, [], { ...own, env: environmentOf(where.user), stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  await new Promise((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (text.includes('ready')) child.kill('SIGINT');
    });
  });
  assert.equal(output, 'ready\ngot INT\n');
});
