import assert from 'node:assert/strict';
import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { needs } from '../../../packages.ts';
import { type FaultRegistry, startFaultRegistry } from '../../../support/fault-registry/registry.ts';
import { busyboxLayer } from '../../../support/registry/layers.ts';
import { type Result, type RunOptions, sandbox, type TestUser, workDirectory } from '../../../support/user.ts';
import { account, bare, ordinary } from '../../support/inside.ts';

/** For a test's options. */
export const withBusybox = { skip: ordinary.skip || needs('/bin/busybox') };
export const bareWithBusybox = { skip: bare.skip || needs('/bin/busybox') };

let busybox: Buffer | undefined;

/** A layer that is a small system: busybox, the users root and app (1000, at home in /home/app). */
export function busyboxTar(): Buffer {
  busybox ??= gzipSync(busyboxLayer(readFileSync('/bin/busybox')), { level: 1 });
  return busybox;
}

/** A store, a configuration and a registry of a test's own, the registry being the mirror of docker.io too. */
export interface World {
  readonly user: TestUser;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly registry: FaultRegistry;
  /** Serves busybox with that `config` member as `NAME:TAG`. */
  readonly serve: (name: string, config?: Readonly<Record<string, unknown>>) => ReturnType<FaultRegistry['serve']>;
  readonly sandbox: (words: readonly string[], options?: RunOptions) => Promise<Result>;
  /** Runs `sandbox` where it has to end well; gives what it printed, without the last line's end. */
  readonly says: (words: readonly string[], options?: RunOptions) => Promise<string>;
}

export async function imageWorld(t: TestContext, kind: 'subordinate' | 'bare' = 'subordinate'): Promise<World> {
  const user = account(kind);
  let reset = async (): Promise<unknown> => undefined;
  // Before the directory is removed: files of subordinate ids cannot be removed from outside by who is not root.
  t.after(async () => await reset());
  const base = workDirectory(t, user);
  const [cwd, data, config] = ['project', 'data', 'config/sandbox'].map((name) => {
    mkdirSync(`${base}/${name}`, { recursive: true });
    chownSync(`${base}/${name}`, user.uid, user.gid);
    return `${base}/${name}`;
  }) as [string, string, string];
  const registry = await startFaultRegistry(t);
  writeFileSync(`${config}/config.toml`, `[registries."docker.io"]\nmirrors = ["${registry.host}"]\n`);
  const env = { XDG_DATA_HOME: data, XDG_CONFIG_HOME: `${base}/config` };
  const run = async (words: readonly string[], options: RunOptions = {}): Promise<Result> =>
    await sandbox(user, words, { cwd, timeout: 60_000, ...options, env: { ...env, ...options.env } });
  reset = async () => await run(['reset', '--force']);
  return {
    user,
    cwd,
    env,
    registry,
    serve: (name, parts = {}) => registry.serve(name, { layers: [busyboxTar()], config: parts }),
    sandbox: run,
    says: async (words, options) => {
      const { status, stdout, stderr } = await run(words, options);
      assert.equal(status, 0, `exit status ${status}: ${stderr}`);
      return stdout.replace(/\n$/, '');
    },
  };
}
