import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Config, DEFAULT_CONFIG, type Environment, type RegistrySettings } from '../../../src/config/config.ts';
import { parseReference } from '../../../src/image/reference.ts';
import { type Pace, USUAL_PACE } from '../../../src/image/registry/pace.ts';
import { openRepository, type Repository } from '../../../src/image/registry/repository.ts';

export const NEVER = new AbortController().signal;

/** A directory for one test. */
export function directoryFor(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'registry-client-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A configuration with settings for some registries. */
export function configWith(registries: Readonly<Record<string, Partial<RegistrySettings>>>): Config {
  const entries = Object.entries(registries).map(
    ([name, settings]) => [name, { mirrors: [], insecure: false, ...settings }] as const,
  );
  return { ...DEFAULT_CONFIG, registries: new Map(entries) };
}

/** A pace at which nobody waits, and the waits that there would have been. */
function impatient(idleMilliseconds = USUAL_PACE.idleMilliseconds): {
  pace: Pace;
  waits: number[];
  pass: (milliseconds: number) => void;
} {
  const waits: number[] = [];
  const sleep = async (milliseconds: number): Promise<void> => {
    waits.push(milliseconds);
  };
  let passed = 0;
  const now = (): number => Date.now() + passed;
  const pass = (milliseconds: number): void => {
    passed += milliseconds;
  };
  return { pass, pace: { ...USUAL_PACE, sleep, now, random: () => 0.5, idleMilliseconds }, waits };
}

export interface Client {
  readonly repository: Repository;
  readonly waits: readonly number[];
  /** Lets time pass, for the client. */
  readonly pass: (milliseconds: number) => void;
  /** An empty home, so that nobody's credentials are found. */
  readonly home: string;
}

interface ClientOptions {
  readonly config?: Config;
  readonly environment?: Environment;
  /** Of tests in which nothing comes. */
  readonly idleMilliseconds?: number;
}

export function clientFor(
  t: TestContext,
  reference: string,
  { config = DEFAULT_CONFIG, environment = {}, idleMilliseconds }: ClientOptions = {},
): Client {
  const { pace, waits, pass } = impatient(idleMilliseconds);
  const home = directoryFor(t);
  const surroundings = { HOME: home, XDG_RUNTIME_DIR: home, PATH: process.env.PATH, ...environment };
  return {
    repository: openRepository(parseReference(reference), { config, environment: surroundings, pace }),
    waits,
    home,
    pass,
  };
}
