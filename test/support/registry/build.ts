/**
 * `node test/support/registry/build.ts IMAGE…`: makes images of the tests' registry that are not there yet, with
 * Debian's mmdebstrap, umoci and skopeo. Nothing is downloaded but Debian packages. Not to run twice at once: see
 * registry.ts.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { busyboxLayer, debianLayer, differenceLayer, fileOf } from './layers.ts';
import { LEFT_OUT, MANAGERS, MANAGERS_SCRIPT } from './managers.ts';
import { beyondLayer, lowerNastyLayer, upperNastyLayer } from './nasty-layers.ts';
import { oddLayer } from './odd-layer.ts';
import { IMAGES, type ImageName, makePlace, PLACE, REGISTRY_BASE } from './place.ts';
import { serve } from './serve.ts';

const SUITE = 'bookworm';
const LARGE = ['ca-certificates', 'git', 'nodejs', 'npm', 'python3', 'python3-pip', 'python3-numpy'];
const SEARCH_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const REFERENCE = 'org.opencontainers.image.ref.name';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const NO_LOGINS = `${PLACE.root}/no-logins.json`;

function run(program: string, ...words: readonly string[]): void {
  const path = `${process.env.PATH ?? ''}:/usr/sbin:/sbin`;
  // Without a login session skopeo looks for logins in /run/containers, which may be root's alone: here it has none.
  const env = { ...process.env, PATH: path, REGISTRY_AUTH_FILE: NO_LOGINS };
  execFileSync(program, words, { env, stdio: ['ignore', 'ignore', 'inherit'] });
}

/** Gives a file below `layers`, made by `make` where it is not there. */
function once(name: string, make: (path: string) => void): string {
  const path = `${PLACE.layers}/${name}`;
  if (existsSync(path)) return path;
  process.stderr.write(`making ${name}\n`);
  const aside = `${path}.aside`;
  rmSync(aside, { force: true });
  make(aside);
  renameSync(aside, path);
  return path;
}

function debootstrap(
  name: string,
  variant: string,
  architecture: string,
  packages: readonly string[],
  more: readonly string[] = [],
): string {
  const include = packages.length === 0 ? [] : [`--include=${packages.join(',')}`];
  return once(name, (path) =>
    run(
      'mmdebstrap',
      ...['--quiet', '--format=tar', `--variant=${variant}`, `--architectures=${architecture}`, ...include],
      // Without device nodes, which no ordinary user can unpack.
      ...['--skip=output/dev', '--aptopt=APT::Install-Recommends "false"', ...more, SUITE, path],
    ),
  );
}

const layers = {
  busybox: (architecture: string): string =>
    once(`layer-busybox-${architecture}.tar`, (path) =>
      writeFileSync(path, busyboxLayer(busyboxProgram(architecture))),
    ),
  debian: (): string => once('layer-debian.tar', (path) => debianLayer(minimal(), path)),
  packages: (): string => {
    const large = `${PLACE.layers}/large.tar`;
    const made = once('layer-packages.tar', (path) =>
      differenceLayer(minimal(), debootstrap('large.tar', 'minbase', 'amd64', LARGE), path),
    );
    rmSync(large, { force: true });
    return made;
  },
  managers: (): string => {
    const script = `${PLACE.layers}/managers.sh`;
    writeFileSync(script, MANAGERS_SCRIPT);
    const inside = `--customize-hook=chroot "$1" sh < ${script}`;
    return debootstrap('layer-managers.tar', 'essential', 'amd64', MANAGERS, [...LEFT_OUT, inside]);
  },
  odd: (): string => once('layer-odd.tar', (path) => writeFileSync(path, oddLayer(busyboxProgram('amd64')))),
  lowerNasty: (): string =>
    once('layer-nasty-1.tar', (path) => writeFileSync(path, lowerNastyLayer(busyboxProgram('amd64')))),
  beyond: (): string => once('layer-beyond.tar', (path) => writeFileSync(path, beyondLayer())),
  upperNasty: (): string => once('layer-nasty-2.tar', (path) => writeFileSync(path, upperNastyLayer())),
};

function minimal(): string {
  return debootstrap('minimal.tar', 'minbase', 'amd64', []);
}

function busyboxProgram(architecture: string): Buffer {
  const packages = debootstrap(`busybox-${architecture}.tar`, 'extract', architecture, ['busybox-static']);
  return fileOf(packages, 'bin/busybox');
}

interface Index {
  readonly manifests: {
    readonly mediaType: string;
    readonly digest: string;
    readonly size: number;
    readonly annotations?: Readonly<Record<string, string>>;
  }[];
}

function readJson<Shape>(path: string): Shape {
  return JSON.parse(readFileSync(path, 'utf8'));
}

function tagged(tag: string): Index['manifests'][number] | undefined {
  const index = `${PLACE.layout}/index.json`;
  if (!existsSync(index)) return undefined;
  return readJson<Index>(index).manifests.find(({ annotations }) => annotations?.[REFERENCE] === tag);
}

/** Makes an image in the layout: layers on what another one has, or on nothing. Gives the tag. */
function image(tag: string, from: string | undefined, paths: readonly string[], config: readonly string[]): string {
  if (tagged(tag) !== undefined) return tag;
  process.stderr.write(`making image ${tag}\n`);
  if (!existsSync(`${PLACE.layout}/index.json`)) run('umoci', 'init', '--layout', PLACE.layout);
  const aside = `${PLACE.layout}:aside`;
  if (from === undefined) run('umoci', 'new', '--image', aside);
  else run('umoci', 'tag', '--image', `${PLACE.layout}:${from}`, 'aside');
  run('umoci', 'config', '--no-history', '--image', aside, '--os', 'linux', ...config);
  for (const path of paths) run('umoci', 'raw', 'add-layer', '--image', aside, '--history.created_by', tag, path);
  run('umoci', 'tag', '--image', aside, tag);
  run('umoci', 'rm', '--image', aside);
  return tag;
}

/** The options of umoci(1) for an image's architecture and what else its configuration says. */
function config(architecture: string, command: string, ...more: readonly string[]): string[] {
  return ['--architecture', architecture, '--config.cmd', command, '--config.env', SEARCH_PATH, ...more];
}

/** Makes an index of images of the layout, which umoci cannot. */
function index(tag: string, images: readonly (readonly [tag: string, architecture: string])[]): string {
  if (tagged(tag) !== undefined) return tag;
  const manifests = images.map(([of, architecture]) => {
    const { mediaType, digest, size } = tagged(of) ?? { mediaType: '', digest: '', size: 0 };
    return { mediaType, digest, size, platform: { os: 'linux', architecture } };
  });
  const data = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests });
  const hex = createHash('sha256').update(data).digest('hex');
  writeFileSync(`${PLACE.layout}/blobs/sha256/${hex}`, data);
  const path = `${PLACE.layout}/index.json`;
  const all = readJson<Index>(path);
  all.manifests.push({
    mediaType: INDEX,
    digest: `sha256:${hex}`,
    size: Buffer.byteLength(data),
    annotations: { [REFERENCE]: tag },
  });
  writeFileSync(`${path}.aside`, JSON.stringify(all));
  renameSync(`${path}.aside`, path);
  return tag;
}

const images = {
  busybox: (architecture = 'amd64') =>
    image(`busybox-${architecture}`, undefined, [layers.busybox(architecture)], config(architecture, '/bin/sh')),
  multi: () =>
    index('multi', [
      [images.busybox('amd64'), 'amd64'],
      [images.busybox('arm64'), 'arm64'],
    ]),
  configured: () => {
    const words = ['--config.entrypoint', '/bin/echo', '--config.entrypoint', 'entry', '--config.cmd', 'two words'];
    const place = [
      '--config.user',
      'app:staff',
      '--config.workingdir',
      '/srv/work here',
      '--config.stopsignal',
      'SIGUSR1',
    ];
    const more = ['--config.env', 'GREETING=hello there', '--config.label', 'org.example.kind=configured'];
    const notes = ['--config.exposedports', '8080/tcp', '--config.volume', '/srv/data', '--author', 'The tests'];
    return image('configured', images.busybox(), [], config('amd64', 'command', ...words, ...place, ...more, ...notes));
  },
  debian: () => image('debian', undefined, [layers.debian()], config('amd64', '/bin/bash')),
  bigapp: () => image('bigapp', images.debian(), [layers.packages(), layers.odd()], config('amd64', '/bin/bash')),
  managers: () => image('managers', undefined, [layers.managers()], config('amd64', '/bin/bash')),
  nasty: () => image('nasty', undefined, [layers.lowerNasty(), layers.upperNasty()], config('amd64', '/bin/sh')),
  beyond: () => image('beyond', undefined, [layers.lowerNasty(), layers.beyond()], config('amd64', '/bin/sh')),
};

/** skopeo would take the gzip blobs that the registry has already: what is in zstd goes through a layout of its own. */
function inZstd(tag: string): string[] {
  const zstd = `oci:${PLACE.zstdLayout}:${tag}`;
  run(
    'skopeo',
    'copy',
    '--quiet',
    '--insecure-policy',
    '--dest-compress-format',
    'zstd',
    `oci:${PLACE.layout}:${tag}`,
    zstd,
  );
  return [zstd, '--preserve-digests'];
}

/** How each image gets to the registry: the words of skopeo-copy(1). */
const SOURCES: Readonly<Record<ImageName, () => readonly string[]>> = {
  'busybox:1': () => [`oci:${PLACE.layout}:${images.busybox()}`],
  'multi:1': () => [`oci:${PLACE.layout}:${images.multi()}`, '--all'],
  'configured:1': () => [`oci:${PLACE.layout}:${images.configured()}`],
  'debian:bookworm': () => [`oci:${PLACE.layout}:${images.debian()}`],
  'bigapp:1': () => [`oci:${PLACE.layout}:${images.bigapp()}`],
  'bigapp:1-zstd': () => inZstd(images.bigapp()),
  'bigapp:1-docker': () => [`oci:${PLACE.layout}:${images.bigapp()}`, '--format', 'v2s2'],
  'managers:1': () => [`oci:${PLACE.layout}:${images.managers()}`],
  'nasty:1': () => [`oci:${PLACE.layout}:${images.nasty()}`],
  'nasty:1-zstd': () => inZstd(images.nasty()),
  'nasty:1-docker': () => [`oci:${PLACE.layout}:${images.nasty()}`, '--format', 'v2s2'],
  'beyond:1': () => [`oci:${PLACE.layout}:${images.beyond()}`],
};

async function build(wanted: readonly ImageName[]): Promise<void> {
  makePlace();
  writeFileSync(NO_LOGINS, '{}');
  for (const version of readdirSync(REGISTRY_BASE)) {
    const path = `${REGISTRY_BASE}/${version}`;
    if (/^\d+$/.test(version) && path !== PLACE.root) rmSync(path, { recursive: true, force: true });
  }
  const missing = wanted.filter((name) => !existsSync(`${PLACE.done}/${name}`));
  const sources = missing.map((name) => [name, SOURCES[name]()] as const);
  // Other tools read it as the accounts of the tests.
  if (existsSync(PLACE.layout)) run('chmod', '-R', 'a+rX', PLACE.layout);
  const { host, stop } = await serve({ writable: true });
  try {
    for (const [name, words] of sources) {
      run(
        'skopeo',
        'copy',
        '--quiet',
        '--insecure-policy',
        '--dest-tls-verify=false',
        ...words,
        `docker://${host}/${name}`,
      );
      writeFileSync(`${PLACE.done}/${name}`, '');
    }
  } finally {
    await stop();
  }
}

const wanted = IMAGES.filter((name) => process.argv.includes(name));
await build(wanted);
