/** Images that are hostile by what they say of themselves, through `sandbox image load`. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { needs } from '../packages.ts';
import {
  descriptor,
  digestOf,
  layerBlob,
  layoutMembers,
  MANIFEST,
  runnableLayers,
  type SmallImage,
} from '../support/image-archive.ts';
import { archive } from '../support/tar/write.ts';
import { sandbox, workDirectory } from '../support/user.ts';
import { attacker, canAttack, giveTo, treasure } from './attack.ts';

const PROFILES = ['dev', 'strict'] as const;

/** What an image's config says (config.md of the OCI image spec), as far as it is not what every image says. */
interface Claim {
  readonly config: Readonly<Record<string, unknown>>;
  /** Nothing is asked to run: what the image says itself is. */
  readonly asItSays?: boolean;
}

const entry = (...Entrypoint: string[]): Claim => ({ config: { Entrypoint, Cmd: [] }, asItSays: true });

/** `{{outside}}` is the treasure's path. */
const CLAIMS: Readonly<Record<string, Claim>> = {
  'a user that is a path': { config: { User: '../../etc/passwd' } },
  'a user of three parts': { config: { User: '0:0:0' } },
  'a user with a line break': { config: { User: 'root\nevil:0' } },
  'a user of -1': { config: { User: '-1' } },
  'a user that is no id': { config: { User: '4294967295' } },
  'a group that is no id': { config: { User: '0:4294967295' } },
  'a user that nobody mapped': { config: { User: '4000000000:4000000000' } },
  'a directory that an open file is (CVE-2024-21626)': { config: { WorkingDir: '/proc/self/fd/7' } },
  'a directory above an open file (CVE-2024-21626)': {
    config: { WorkingDir: '/proc/self/fd/3/../../../../../..{{outside}}' },
  },
  'a directory of init': { config: { WorkingDir: '/proc/1/cwd' } },
  'the root of init': { config: { WorkingDir: '/proc/1/root{{outside}}' } },
  'a directory that climbs': { config: { WorkingDir: '../../../../../../../..{{outside}}' } },
  'a directory in /proc': { config: { WorkingDir: '/proc/sys/evil' } },
  'a variable for the loader': {
    config: { Env: ['LD_PRELOAD={{outside}}/file', 'LD_AUDIT={{outside}}/file', 'PATH=/bin'] },
  },
  'a path through descriptors': { config: { Env: ['PATH=/proc/self/fd/3:/proc/1/root/bin:.:/bin'] } },
  'variables without names': { config: { Env: ['=evil', 'evil', '', 'A\u0000B=c', 'PATH=/bin'] } },
  'a home that climbs': { config: { Env: ['HOME=../../../..{{outside}}', 'PATH=/bin'] } },
  'a volume over /proc (CVE-2019-19921)': {
    config: { Volumes: { '/proc': {}, '/proc/self': {}, '/sys/fs/cgroup': {} } },
  },
  'a volume that climbs': { config: { Volumes: { '/../../../../{{outside}}': {}, relative: {}, '': {} } } },
  'a volume over the root': { config: { Volumes: { '/': {}, '/dev': {}, '/bin': {} } } },
  'ports that are none': { config: { ExposedPorts: { '99999/evil': {}, '-1': {}, '': {} } } },
  'a signal that is none': { config: { StopSignal: '-9' } },
  'labels that write to a terminal': { config: { Labels: { 'a\u001b]0;evil\u0007': '\u001b[2J', __proto__: 'x' } } },
  'an entrypoint that is the launcher (CVE-2019-5736)': entry('/proc/self/exe'),
  'an entrypoint that is init (CVE-2019-5736)': entry('/proc/1/exe', 'cat', '{{outside}}/file'),
  'an entrypoint that is an open file': entry('/proc/self/fd/3', '{{outside}}/file'),
  'an entrypoint that climbs': entry('../../../../../../../bin/cat', '{{outside}}/file'),
  'an entrypoint that is a directory': entry('/etc'),
  'an entrypoint with a zero': entry('/bin/cat\u0000/evil'),
};

const nameOf = (number: number): string => `docker.io/library/hostile:${number}`;

/** All of them, and last one that says nothing wrong, are loaded at once; they share their layers. */
async function load(t: TestContext, outside: string): Promise<void> {
  const layers = runnableLayers('none', 'hostile');
  const image = (config: unknown): SmallImage => {
    const text = JSON.stringify({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config,
      rootfs: { type: 'layers', diff_ids: layers.map(({ tar }) => digestOf(tar)) },
    });
    const bytes = Buffer.from(text.replaceAll('{{outside}}', outside));
    const manifest = {
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: descriptor('application/vnd.oci.image.config.v1+json', bytes),
      layers: layers.map((layer) => descriptor('application/vnd.oci.image.layer.v1.tar', layerBlob(layer))),
    };
    return { config: bytes, layers, manifest: Buffer.from(JSON.stringify(manifest)) };
  };
  const configs = [...Object.values(CLAIMS).map(({ config }) => config), { Env: ['PATH=/bin'] }];
  const user = attacker();
  for (const [number, config] of configs.entries()) {
    const path = `${workDirectory(t, user)}/image.tar`;
    writeFileSync(path, archive(layoutMembers([{ image: image(config), names: [nameOf(number)] }])));
    giveTo(user, path);
    const { status, stderr } = await sandbox(user, ['image', 'load', '--quiet', '--input', path], { timeout: 60_000 });
    // What is nonsense may be refused here already.
    assert.ok(status === 0 || /^sandbox: /.test(stderr), stderr);
  }
  t.after(async () => await sandbox(user, ['image', 'rm', '--force', ...configs.map((_, number) => nameOf(number))]));
}

test('images that are hostile by their config', { skip: canAttack.skip || needs('busybox') }, async (t) => {
  const user = attacker();
  const outside = treasure(t);
  await load(t, outside.path);
  const script = `cat ${outside.path}/file ./file ../../../../../../..${outside.path}/file; ls .; echo pwned > ${outside.path}/pwned; echo ran`;
  const run = (number: number, words: readonly string[], asItSays = false) =>
    sandbox(
      user,
      [
        'run',
        '--workspace',
        'none',
        '--pull',
        'never',
        ...words,
        nameOf(number),
        ...(asItSays ? [] : ['--', 'sh', '-c', script]),
      ],
      { timeout: 30_000 },
    );
  const plain = Object.keys(CLAIMS).length;
  await t.test('although what is handed over is seen', async () => {
    const { stdout, stderr } = await run(plain, ['-v', `${outside.path}:${outside.path}:ro`]);
    assert.ok(stdout.includes(outside.secret) && stdout.includes('ran'), stdout + stderr);
  });
  for (const [number, [name, { asItSays }]] of Object.entries(CLAIMS).entries()) {
    await t.test(name, async () => {
      for (const profile of PROFILES) {
        const { status, stdout, stderr } = await run(number, ['--profile', profile], asItSays);
        assert.ok(!stdout.includes(outside.secret), `${profile}: ${stdout}`);
        assert.ok(!(stdout + stderr).includes('\u001b'), profile);
        // Refused, and told by whom and why; or it runs, and sees what it may.
        const refused = [125, 126, 127].includes(status ?? 0) && /^sandbox: /m.test(stderr);
        assert.ok(refused || asItSays || stdout.includes('ran'), `${profile}: ${status} ${stdout}${stderr}`);
        outside.untouched();
      }
    });
  }
});
