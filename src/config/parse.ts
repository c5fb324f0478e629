import { parse, TomlError } from 'smol-toml';
import { type Config, DEFAULT_CONFIG, STORAGE_DRIVERS } from './config.ts';
import { ConfigError } from './error.ts';
import { locateKey } from './locate-key.ts';
import { profiles, projects } from './profiles.ts';
import { aliases, registries } from './registries.ts';
import { byteSize, choice, members, type Source } from './source.ts';

const TABLES = ['registries', 'aliases', 'images', 'storage', 'profiles', 'projects'] as const;

function syntaxError(error: TomlError, path: string): ConfigError {
  // The message goes on with a picture of the line.
  const [what = ''] = error.message.split('\n');
  return new ConfigError(`${path}:${error.line}:${error.column}: ${what}`, {
    hint: 'the file is TOML: https://toml.io',
  });
}

/** Takes the file's text and its path for messages. Throws a ConfigError with the line and the column. */
export function parseConfig(text: string, path: string): Config {
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    if (error instanceof TomlError) throw syntaxError(error, path);
    throw error;
  }
  const source: Source = {
    fail: (at, message, hint) => {
      const found = locateKey(text, at);
      const where = found === undefined ? path : `${path}:${found.line}:${found.column}`;
      return new ConfigError(`${where}: ${at.join('.')}: ${message}`, { hint });
    },
  };
  const read = members(source, document, [], TABLES);
  const { 'unpack-limit': limit } = members(source, read.images ?? {}, ['images'], ['unpack-limit']);
  const { driver } = members(source, read.storage ?? {}, ['storage'], ['driver']);
  const known = profiles(source, read.profiles ?? {});
  return {
    registries: registries(source, read.registries ?? {}),
    aliases: aliases(source, read.aliases ?? {}),
    unpackLimit: limit === undefined ? DEFAULT_CONFIG.unpackLimit : byteSize(source, limit, ['images', 'unpack-limit']),
    ...(driver === undefined ? {} : { storageDriver: choice(source, driver, ['storage', 'driver'], STORAGE_DRIVERS) }),
    profiles: known,
    projects: projects(source, read.projects ?? {}, known),
  };
}
