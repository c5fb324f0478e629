import { parse, TomlError } from 'smol-toml';
import { type Config, DEFAULT_CONFIG, type Mirror, type RegistrySettings, STORAGE_DRIVERS } from './config.ts';
import { didYouMean } from './did-you-mean.ts';
import { ConfigError } from './error.ts';
import { locateKey } from './locate-key.ts';
import { canonicalRegistry, isRegistryName, isRepositoryName, looksLikeRegistry } from './registry-name.ts';

/** The keys from the outermost table to a value. */
type KeyPath = readonly string[];

/** What a key holds: whether it is known, and how its value is read. */
interface Source {
  readonly fail: (at: KeyPath, message: string, hint?: string) => ConfigError;
}

type Table = Readonly<Record<string, unknown>>;

function table(source: Source, value: unknown, at: KeyPath): Table {
  const isTable = typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
  if (!isTable) throw source.fail(at, `expected a table ([${at.join('.')}])`);
  return value as Table;
}

/** Gives the value of every key of a table that is there. Throws a ConfigError for keys that are not known. */
function members<Key extends string>(source: Source, value: unknown, at: KeyPath, keys: readonly Key[]) {
  const read = table(source, value, at);
  for (const key of Object.keys(read)) {
    if ((keys as readonly string[]).includes(key)) continue;
    const nearest = didYouMean(key, keys);
    const dotted = at[0] === 'registries' && typeof read[key] === 'object' && !Array.isArray(read[key]);
    const known = nearest === undefined ? `known here: ${keys.join(', ')}` : `did you mean ${nearest}?`;
    const hint = dotted ? `a name with dots stands in quotes: [registries."${at[1]}.${key}"]` : known;
    throw source.fail([...at, key], `unknown key ${JSON.stringify(key)}`, hint);
  }
  return read as Readonly<Partial<Record<Key, unknown>>>;
}

function string(source: Source, value: unknown, at: KeyPath): string {
  if (typeof value !== 'string') throw source.fail(at, 'expected a string in quotes');
  return value;
}

function flag(source: Source, value: unknown, at: KeyPath): boolean {
  if (typeof value !== 'boolean') throw source.fail(at, 'expected true or false');
  return value;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** `64g`, `1.5t`, or a number of bytes. */
function byteSize(source: Source, value: unknown, at: KeyPath): number {
  const match = /^(\d{1,15}(?:\.\d{1,6})?)([kmgt]?)(?:i?b)?$/i.exec(
    typeof value === 'number' ? `${value}` : String(value),
  );
  const bytes = match === null ? 0 : Math.floor(Number(match[1]) * (UNITS[match[2]?.toLowerCase() ?? ''] ?? 1));
  if (!Number.isSafeInteger(bytes) || bytes < 1) throw source.fail(at, 'expected a size such as "64g"');
  return bytes;
}

function registryName(source: Source, unsafeName: string, at: KeyPath): string {
  const name = canonicalRegistry(unsafeName);
  if (isRegistryName(name)) return name;
  const isUrl = unsafeName.includes('://');
  const hint = isUrl ? 'leave out what stands before the name; http is for `insecure = true`' : undefined;
  throw source.fail(at, `${JSON.stringify(unsafeName)} is no registry: expected HOST or HOST:PORT`, hint);
}

function mirror(source: Source, value: unknown, at: KeyPath): Mirror {
  const unsafeText = string(source, value, at);
  const [unsafeHost = '', ...rest] = unsafeText.replace(/\/$/, '').split('/');
  const prefix = rest.join('/');
  if (!unsafeText.includes('://') && (prefix === '' || isRepositoryName(prefix))) {
    return { registry: registryName(source, unsafeHost, at), prefix: prefix === '' ? '' : `${prefix}/` };
  }
  const hint = unsafeText.includes('://') ? 'leave out what stands before the name' : undefined;
  throw source.fail(at, `${JSON.stringify(unsafeText)} is no mirror: expected HOST, HOST:PORT or HOST/PREFIX`, hint);
}

function registry(source: Source, value: unknown, at: KeyPath): RegistrySettings {
  const { mirrors, insecure, certificates } = members(source, value, at, ['mirrors', 'insecure', 'certificates']);
  if (mirrors !== undefined && !Array.isArray(mirrors)) {
    throw source.fail([...at, 'mirrors'], 'expected a list: ["mirror.example.org"]');
  }
  const path = certificates === undefined ? undefined : string(source, certificates, [...at, 'certificates']);
  if (path !== undefined && !path.startsWith('/')) {
    throw source.fail([...at, 'certificates'], 'expected the absolute path of a file with certificates');
  }
  return {
    mirrors: (mirrors ?? []).map((each: unknown) => mirror(source, each, [...at, 'mirrors'])),
    insecure: insecure === undefined ? false : flag(source, insecure, [...at, 'insecure']),
    ...(path === undefined ? {} : { certificates: path }),
  };
}

function alias(source: Source, unsafeName: string, value: unknown): readonly [string, string] {
  const at = ['aliases', unsafeName];
  const first = unsafeName.split('/')[0] ?? '';
  if (!isRepositoryName(unsafeName) || (unsafeName.includes('/') && looksLikeRegistry(first))) {
    throw source.fail(at, `${JSON.stringify(unsafeName)} is no short name: expected NAME without registry and tag`);
  }
  const unsafeTarget = string(source, value, at);
  const slash = unsafeTarget.indexOf('/');
  const host = unsafeTarget.slice(0, Math.max(slash, 0)).toLowerCase();
  const repository = unsafeTarget.slice(slash + 1);
  if (!looksLikeRegistry(host) || !isRegistryName(host) || !isRepositoryName(repository)) {
    throw source.fail(
      at,
      `${JSON.stringify(unsafeTarget)} is not REGISTRY/NAME`,
      'the tag is given where the alias is used',
    );
  }
  return [unsafeName, `${canonicalRegistry(host)}/${repository}`];
}

function storageDriver(source: Source, value: unknown, at: KeyPath): NonNullable<Config['storageDriver']> {
  const name = STORAGE_DRIVERS.find((driver) => driver === value);
  if (name === undefined) throw source.fail(at, `expected one of ${STORAGE_DRIVERS.join(', ')}`);
  return name;
}

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
  const {
    registries = {},
    aliases = {},
    images = {},
    storage = {},
  } = members(source, document, [], ['registries', 'aliases', 'images', 'storage']);
  const { 'unpack-limit': limit } = members(source, images, ['images'], ['unpack-limit']);
  const { driver } = members(source, storage, ['storage'], ['driver']);
  return {
    registries: new Map(
      Object.entries(table(source, registries, ['registries'])).map(([name, settings]) => {
        const at = ['registries', name];
        return [registryName(source, name, at), registry(source, settings, at)];
      }),
    ),
    aliases: new Map(
      Object.entries(table(source, aliases, ['aliases'])).map(([name, target]) => alias(source, name, target)),
    ),
    unpackLimit: limit === undefined ? DEFAULT_CONFIG.unpackLimit : byteSize(source, limit, ['images', 'unpack-limit']),
    ...(driver === undefined ? {} : { storageDriver: storageDriver(source, driver, ['storage', 'driver']) }),
  };
}
