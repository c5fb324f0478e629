import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { type Config, DEFAULT_CONFIG, type Environment } from './config.ts';
import { ConfigError } from './error.ts';

const MOST_BYTES = 256 * 1024;

/** Gives the directory of the user's configuration files; XDG Base Directory Specification: relative values are ignored. */
export function configHome(environment: Environment): string {
  const { XDG_CONFIG_HOME: configured } = environment;
  if (configured?.startsWith('/')) return configured;
  return `${environment.HOME || homedir()}/.config`;
}

export function configPath(environment: Environment): string {
  return `${configHome(environment)}/sandbox/config.toml`;
}

function contentOf(path: string): string | undefined {
  try {
    // Most have no such file, and an error that is thrown for it costs more than the call.
    const about = statSync(path, { throwIfNoEntry: false });
    if (about === undefined) return undefined;
    const { size } = about;
    if (size > MOST_BYTES) throw new ConfigError(`${path} has ${size} bytes, which no configuration has`);
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (cause instanceof ConfigError) throw cause;
    throw new ConfigError(`the configuration ${path} cannot be read: ${String(code)}`, {
      hint: 'make it readable, or move it away: nothing in it is needed',
    });
  }
}

/**
 * Reads `$XDG_CONFIG_HOME/sandbox/config.toml`; where there is none every setting has its default. Throws a ConfigError
 * that names the line for what is no TOML, an unknown key, and a value that does not do.
 */
export async function loadConfig(environment: Environment): Promise<Config> {
  const path = configPath(environment);
  const text = contentOf(path);
  if (text === undefined) return DEFAULT_CONFIG;
  const { parseConfig } = await import('./parse.ts');
  return parseConfig(text, path);
}
