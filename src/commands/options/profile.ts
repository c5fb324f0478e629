import { unexpected } from '../arguments/usage-error.ts';

/** A profile's name, as it may stand as a key in config.toml. */
export function parseProfileName(text: string): string {
  if (/^[a-z][a-z0-9_-]{0,31}$/.test(text)) return text;
  throw unexpected('the name of a profile', text);
}
