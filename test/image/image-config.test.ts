import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseImageConfig } from '../../src/image/image-config.ts';

const DIFF_ID = `sha256:${'b'.repeat(64)}`;
const LEAST = { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [DIFF_ID] } };
const NOTHING = { entrypoint: [], cmd: [], env: [], volumes: [], exposedPorts: [], labels: {} };

function parse(value: unknown) {
  return parseImageConfig(Buffer.from(JSON.stringify(value)));
}

describe('parseImageConfig', () => {
  it('gives empty lists where the image says nothing', () => {
    assert.deepEqual(parse(LEAST), {
      platform: { os: 'linux', architecture: 'amd64' },
      diffIds: [DIFF_ID],
      history: [],
      defaults: NOTHING,
    });
    const nulls = { Env: null, Cmd: null, Entrypoint: null, Volumes: null, Labels: null, ExposedPorts: null };
    const empty = { User: '', WorkingDir: '', StopSignal: '' };
    assert.deepEqual(parse({ ...LEAST, history: null, config: { ...nulls, ...empty } }).defaults, NOTHING);
    assert.deepEqual(parse({ ...LEAST, config: null }).defaults, NOTHING);
    assert.deepEqual(parse({ ...LEAST, rootfs: { type: 'layers', diff_ids: null } }).diffIds, []);
  });

  it('gives everything that a command is started with', () => {
    const config = {
      User: '1000:www-data',
      ExposedPorts: { '80/tcp': {}, '53/udp': {} },
      Env: ['PATH=/bin:/usr/bin', 'EMPTY=', 'A=1', 'NOTHING', '=x', 'A=2=3'],
      Entrypoint: ['/entry', '--'],
      Cmd: ['run', ''],
      Volumes: { '/data': {} },
      WorkingDir: '/srv',
      Labels: { a: 'b' },
      StopSignal: 'SIGQUIT',
    };
    assert.deepEqual(parse({ ...LEAST, config }).defaults, {
      user: '1000:www-data',
      exposedPorts: ['80/tcp', '53/udp'],
      // The last value at the first place; what is no NAME=value says nothing.
      env: [
        ['PATH', '/bin:/usr/bin'],
        ['EMPTY', ''],
        ['A', '2=3'],
      ],
      entrypoint: ['/entry', '--'],
      cmd: ['run', ''],
      volumes: ['/data'],
      workingDir: '/srv',
      labels: { a: 'b' },
      stopSignal: 'SIGQUIT',
    });
  });

  it('reads a command of one string, and a relative directory from the root', () => {
    const { defaults } = parse({ ...LEAST, config: { Cmd: '/bin/sh', WorkingDir: 'srv/app' } });
    assert.deepEqual(defaults.cmd, ['/bin/sh']);
    assert.equal(defaults.workingDir, '/srv/app');
  });

  it('gives platform, author, times and history', () => {
    const history = [
      { created: '2024-01-01T00:00:00Z', created_by: 'ADD file', comment: 'c' },
      { created_by: 'ENV a=b', empty_layer: true },
    ];
    const image = parse({
      ...LEAST,
      architecture: 'arm64',
      variant: 'v8',
      created: '2024-01-02T00:00:00Z',
      author: 'x',
      history,
    });
    assert.deepEqual(image.platform, { os: 'linux', architecture: 'arm64' });
    assert.equal(image.created, '2024-01-02T00:00:00Z');
    assert.equal(image.author, 'x');
    assert.deepEqual(image.history, [
      { created: '2024-01-01T00:00:00Z', createdBy: 'ADD file', comment: 'c', emptyLayer: false },
      { createdBy: 'ENV a=b', emptyLayer: true },
    ]);
  });

  for (const [what, value] of [
    ['no rootfs', { ...LEAST, rootfs: undefined }],
    ['another kind of rootfs', { ...LEAST, rootfs: { type: 'other', diff_ids: [] } }],
    ['a diff id that is none', { ...LEAST, rootfs: { type: 'layers', diff_ids: ['sha256:../../x'] } }],
    ['no platform', { ...LEAST, os: undefined }],
    ['NUL in a command', { ...LEAST, config: { Cmd: ['a\0b'] } }],
    ['NUL in a variable', { ...LEAST, config: { Env: ['A=\0'] } }],
    ['NUL in a volume', { ...LEAST, config: { Volumes: { '/a\0': {} } } }],
    ['a number as a word', { ...LEAST, config: { Entrypoint: [1] } }],
    ['an object as a command', { ...LEAST, config: { Cmd: {} } }],
    ['a number as a user', { ...LEAST, config: { User: 0 } }],
    ['a label that is no string', { ...LEAST, config: { Labels: { a: {} } } }],
    ['a list as config', { ...LEAST, config: [] }],
    ['history that is no list', { ...LEAST, history: {} }],
  ] as const) {
    it(`refuses ${what}`, () => {
      assert.throws(() => parse(value), { code: 'INVALID', message: /^the image's config is not valid: / });
    });
  }
});
