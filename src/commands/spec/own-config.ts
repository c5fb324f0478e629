import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load.ts';

let config: Promise<Config> | undefined;

/** Gives the user's configuration, read once. Throws a ConfigError. */
export async function ownConfig(): Promise<Config> {
  config ??= loadConfig(process.env);
  return await config;
}
