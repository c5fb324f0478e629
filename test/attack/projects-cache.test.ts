/** Caches of `--cache-from` that somebody else has filled: nobody has looked at them, and nothing of them is to be believed. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { leftovers, projectWorld, step } from '../e2e/build/world.ts';
import { withBusybox } from '../e2e/images/support/world.ts';
import { archive, type Member } from '../support/tar/write.ts';
import { workDirectory } from '../support/user.ts';

const SECRET = 'CONTENT-OF-A-FILE-OF-THE-USER';
const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

interface Descriptor {
  readonly digest: string;
  readonly size: number;
}

/** A layout whose documents can be changed; their digests follow. */
class Layout {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  blob(digest: string): string {
    return `${this.#path}/blobs/sha256/${digest.slice('sha256:'.length)}`;
  }

  put(bytes: Buffer): Descriptor {
    const digest = `sha256:${sha(bytes)}`;
    writeFileSync(this.blob(digest), bytes);
    return { digest, size: bytes.length };
  }

  index(): { manifests: Array<Record<string, unknown> & Descriptor> } {
    return JSON.parse(readFileSync(`${this.#path}/index.json`, 'utf8'));
  }

  manifest(): { config: Descriptor; layers: Array<Record<string, unknown> & Descriptor> } {
    return JSON.parse(readFileSync(this.blob(this.index().manifests[0]?.digest ?? ''), 'utf8'));
  }

  /** Points the index to another manifest. */
  setManifest(manifest: object): void {
    const index = this.index();
    index.manifests = index.manifests.map((each) => ({ ...each, ...this.put(Buffer.from(JSON.stringify(manifest))) }));
    writeFileSync(`${this.#path}/index.json`, JSON.stringify(index));
  }

  /** Puts another archive in the place of the first layer, with digests that fit. */
  setLayer(tar: Buffer, blob = zstdCompressSync(tar), more: object = {}): void {
    const manifest = this.manifest();
    const config = JSON.parse(readFileSync(this.blob(manifest.config.digest), 'utf8'));
    config.rootfs.diff_ids[0] = `sha256:${sha(tar)}`;
    const layers = [{ ...manifest.layers[0], ...this.put(blob), ...more }, ...manifest.layers.slice(1)];
    this.setManifest({
      ...manifest,
      config: { ...manifest.config, ...this.put(Buffer.from(JSON.stringify(config))) },
      layers,
    });
  }
}

test(
  'a hostile cache gives nothing away, writes nowhere, and does not stop a build for ever',
  withBusybox,
  async (t) => {
    const world = await projectWorld(t);
    const { user, env, registry } = world;
    const outside = workDirectory(t, user);
    writeFileSync(`${outside}/secret`, SECRET);
    world.steps(step('echo built > /result'));
    const good = workDirectory(t, user);
    await world.says(['build', '-q', '--cache-to', `${good}/cache`]);
    rmSync(`${world.cwd}/sandbox.lock`);
    await world.says(['reset', '--force']);
    writeFileSync(
      `${env.XDG_CONFIG_HOME}/sandbox/config.toml`,
      `[images]\nunpack-limit = "64m"\n[registries."docker.io"]\nmirrors = ["${registry.host}"]\n`,
    );
    const evil = 'EVIL-CONTENT';
    const members = (...more: readonly Member[]): Buffer => archive([{ name: 'result', data: evil }, ...more]);
    const fifo = (path: string): void => {
      rmSync(path, { force: true });
      execFileSync('mkfifo', ['-m', '644', path]);
    };
    const attacks: ReadonlyArray<readonly [what: string, work: (layout: Layout, path: string) => void]> = [
      ['an index that is a link to a file', (_, path) => link(`${path}/index.json`, `${outside}/secret`)],
      ['an index without end', (_, path) => link(`${path}/index.json`, '/dev/zero')],
      ['an index that is a pipe', (_, path) => fifo(`${path}/index.json`)],
      ['a huge index', (_, path) => truncateSync(`${path}/index.json`, 2 ** 40)],
      ['a manifest that is a pipe', (layout) => fifo(layout.blob(layout.index().manifests[0]?.digest ?? ''))],
      ['a layer that is a pipe', (layout) => fifo(layout.blob(layout.manifest().layers[0]?.digest ?? ''))],
      ['a layer without end', (layout) => link(layout.blob(layout.manifest().layers[0]?.digest ?? ''), '/dev/zero')],
      [
        'a layer that is a link',
        (layout) => link(layout.blob(layout.manifest().layers[0]?.digest ?? ''), `${outside}/secret`),
      ],
      ['blobs that are elsewhere', (_, path) => link(`${path}/blobs`, outside)],
      [
        'digests that are paths',
        (layout) => {
          const manifest = layout.manifest();
          const layers = manifest.layers.map((each) => ({ ...each, digest: `sha256:../../../../${outside}/secret` }));
          layout.setManifest({ ...manifest, layers });
        },
      ],
      [
        'a layer of which another size is said',
        (layout) => {
          const manifest = layout.manifest();
          layout.setManifest({ ...manifest, layers: manifest.layers.map((each) => ({ ...each, size: 2 ** 52 })) });
        },
      ],
      [
        'a bomb',
        (layout) => {
          const zeros = Buffer.alloc(2 ** 27);
          layout.setLayer(archive([{ name: 'result', data: zeros }]));
        },
      ],
      ['a layer of another digest', (layout) => layout.setLayer(members(), zstdCompressSync(archive([{ name: 'x' }])))],
      [
        'names that lead out',
        (layout) => layout.setLayer(members({ name: `../../../../../../..${outside}/evil`, data: evil })),
      ],
      [
        'a link and a file behind it',
        (layout) =>
          layout.setLayer(members({ name: 'out', kind: 'symlink', link: outside }, { name: 'out/evil', data: evil })),
      ],
      [
        'a hard link to the host',
        (layout) => layout.setLayer(members({ name: 'taken', kind: 'hardlink', link: `${outside}/secret` })),
      ],
      ['a device', (layout) => layout.setLayer(members({ name: 'disk', kind: 'block', device: [8, 0] }))],
      [
        'a name that moves the cursor',
        (layout) => {
          const manifest = layout.manifest();
          const own = Object.entries(manifest.layers[0]?.annotations ?? {});
          const annotations = Object.fromEntries(
            own.map(([key, value]) => [key, value === 'step 1' ? '\u001b[2J' : value]),
          );
          layout.setLayer(members(), Buffer.from('no archive'), { annotations });
        },
      ],
    ];
    for (const [what, work] of attacks) {
      const path = `${good}/hostile`;
      rmSync(path, { recursive: true, force: true });
      cpSync(`${good}/cache`, path, { recursive: true });
      work(new Layout(path), path);
      chmodSync(path, 0o755);
      const begun = performance.now();
      const { status, stdout, stderr, signal } = await world.sandbox(['build', '-q', '--cache-from', path], {
        timeout: 60_000,
      });
      const shown = `${what}: ${signal} ${stderr}`;
      assert.ok(performance.now() - begun < 55_000 && signal === null, shown);
      assert.ok(status === 0 || status === 125, shown);
      assert.doesNotMatch(stderr, /This is a bug/, shown);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for
      assert.doesNotMatch(stderr, /\u001b/, shown);
      assert.ok(!`${stdout}${stderr}`.includes(SECRET), shown);
      assert.deepEqual(readdirSync(outside), ['secret'], shown);
      assert.equal(readFileSync(`${outside}/secret`, 'utf8'), SECRET);
      if (status === 0) {
        const seen = await world.shell(
          `cat /result; cat /taken /out/secret 2>/dev/null; ls -ld /disk 2>/dev/null || true`,
        );
        assert.ok(!seen.includes(SECRET) && !/^b/m.test(seen), `${shown}${seen}`);
      }
      assert.deepEqual(leftovers(world), [], shown);
      t.diagnostic(`${what}: ${status} ${stderr.trim().split('\n')[0]}`);
      assert.equal((await world.sandbox(['reset', '--force'])).status, 0);
      rmSync(`${world.cwd}/sandbox.lock`, { force: true });
    }
  },
);

function link(path: string, target: string): void {
  rmSync(path, { recursive: true, force: true });
  symlinkSync(target, path);
}
