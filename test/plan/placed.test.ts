import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { placedBy, withoutFiles } from '../../src/plan/placed.ts';
import { planSandbox } from '../../src/plan/plan.ts';
import { all, imageInput } from './inputs.ts';

const PLAN = planSandbox(
  imageInput({
    spec: {
      network: 'none',
      workdir: '/srv/work',
      volumes: [{ source: '/v', destination: '/data', access: 'rw' }],
      tmpfs: [{ destination: '/scratch', mode: 0o700 }],
    },
    volumeTypes: new Map([['/v', 'directory']]),
  }),
);

describe('what a plan places in the root file system', () => {
  test('is its mount points and generated files, and nothing of what is mounted on it', () => {
    const { directories, files } = placedBy(PLAN);
    const paths = directories.map(({ path }) => path);
    for (const path of ['/home/ann/project', '/data', '/scratch', '/srv/work']) assert.ok(paths.includes(path), path);
    assert.deepEqual(
      paths.filter((path) => /^\/(proc|sys|dev)\//.test(path)),
      [],
    );
    assert.deepEqual(
      files.map(({ path }) => path),
      ['/etc/hosts', '/etc/hostname'],
    );
    assert.match(files[0]?.content ?? '', /^127\.0\.0\.1 localhost\n/);
  });

  test('leaves out what lies in an earlier mount', () => {
    const { directories } = placedBy([
      { op: 'memory', target: '/run', mode: 0o755, attributes: {} },
      { op: 'makeDirectory', path: '/run/lock', mode: 0o1777 },
      { op: 'makeDirectory', path: '/runner', mode: 0o755 },
    ]);
    assert.deepEqual(directories, [{ path: '/runner', mode: 0o755 }]);
  });

  test('is not made again where the files are there already', () => {
    const rest = withoutFiles(PLAN, ['/etc/hosts']);
    assert.deepEqual(
      all(rest, 'bindContent').map(({ target }) => target),
      ['/etc/hostname'],
    );
    assert.ok(!all(rest, 'makeFile').some(({ path }) => path === '/etc/hosts'));
    assert.equal(rest.length, PLAN.length - 2);
  });
});
