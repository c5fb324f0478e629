import assert from 'node:assert/strict';
import { chownSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import type { Result } from '../../support/user.ts';
import { imageWorld, type World } from '../images/support/world.ts';

/** A project in a store of its own, on an image with busybox. */
export interface ProjectWorld extends World {
  readonly store: string;
  /** Writes a file of the project; undefined removes it. */
  readonly write: (name: string, content: string | undefined) => void;
  /** Writes sandbox.toml with these steps, tables as TOML. */
  readonly steps: (...steps: readonly string[]) => void;
  /** Builds, and gives `NUMBER ORIGIN` of each step. */
  readonly origins: (...words: readonly string[]) => Promise<string[]>;
  readonly build: (...words: readonly string[]) => Promise<Result>;
  /** Builds and gives the diff ids of the steps. */
  readonly digests: () => Promise<string[]>;
  /** Runs a script in the default environment, where it has to end well. */
  readonly shell: (script: string) => Promise<string>;
}

interface BuiltJson {
  readonly environments: ReadonlyArray<{
    readonly steps: ReadonlyArray<{ readonly number: number; readonly origin: string; readonly diffId: string }>;
  }>;
}

export async function projectWorld(
  t: TestContext,
  kind: 'subordinate' | 'bare' = 'subordinate',
): Promise<ProjectWorld> {
  const world = await imageWorld(t, kind);
  const image = `${world.registry.host}/box:1`;
  world.serve('box:1');
  const write = (name: string, content: string | undefined): void => {
    const path = `${world.cwd}/${name}`;
    if (content === undefined) {
      rmSync(path, { recursive: true });
      return;
    }
    const { uid, gid } = world.user;
    for (let end = name.indexOf('/'); end !== -1; end = name.indexOf('/', end + 1)) {
      mkdirSync(`${world.cwd}/${name.slice(0, end)}`, { recursive: true });
      chownSync(`${world.cwd}/${name.slice(0, end)}`, uid, gid);
    }
    writeFileSync(path, content);
    chownSync(path, uid, gid);
  };
  const build = async (...words: readonly string[]): Promise<Result> => await world.sandbox(['build', ...words]);
  const json = async (...words: readonly string[]): Promise<BuiltJson['environments'][number]['steps']> => {
    const { status, stdout, stderr } = await build('--json', ...words);
    assert.equal(status, 0, stderr);
    return (JSON.parse(stdout) as BuiltJson).environments[0]?.steps ?? [];
  };
  return {
    ...world,
    store: `${world.env.XDG_DATA_HOME}/sandbox`,
    write,
    steps: (...steps) =>
      write('sandbox.toml', [`image = "${image}"`, ...steps.map((step) => `[[steps]]\n${step}`)].join('\n')),
    build,
    origins: async (...words) => (await json(...words)).map(({ number, origin }) => `${number} ${origin}`),
    digests: async () => (await json()).map(({ diffId }) => diffId),
    shell: async (script) => await world.says(['shell', '-c', script]),
  };
}

/** What of a store is garbage: directories of builds, of layers that are made, and the trash. */
export function leftovers({ store }: ProjectWorld): string[] {
  return ['builds', 'trash', 'layers/.work'].flatMap((shelf) => {
    try {
      return readdirSync(`${store}/${shelf}`).map((name) => `${shelf}/${name}`);
    } catch {
      return [];
    }
  });
}

/** TOML for a step. */
export function step(run: string, more = ''): string {
  return `run = ${JSON.stringify(run)}\n${more}`;
}
