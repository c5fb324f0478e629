import { unexpected } from '../arguments/usage-error.ts';

/** A secret as it was typed: where its content comes from is not looked up yet. */
export interface SecretRequest {
  /** Also the file's name in /run/secrets. */
  readonly name: string;
  readonly source:
    | { readonly kind: 'variable'; readonly name: string }
    | {
        readonly kind: 'file';
        readonly unsafePath: string;
        /** Absolute real path of a directory that the file has to lie in, whatever links lead to. */
        readonly within?: string;
      };
}

const FORM = 'NAME, NAME=FILE or NAME=env:VARIABLE';

/** Takes `NAME`, the host's variable of that name; `NAME=FILE`; or `NAME=env:VARIABLE`. Throws UsageError. */
export function parseSecret(text: string): SecretRequest {
  const equals = text.indexOf('=');
  const name = equals === -1 ? text : text.slice(0, equals);
  if (!/^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,62}$/.test(name)) {
    // Never the rest of it: somebody may have put the secret itself there.
    const hint = "a secret's name has up to 63 letters, digits, '_', '.' and '-'";
    throw unexpected(FORM, name.split(',')[0] ?? '', name.includes(',') ? 'options after a comma are not known' : hint);
  }
  if (equals === -1) return { name, source: { kind: 'variable', name } };
  const from = text.slice(equals + 1);
  if (from === '' || from === 'env:') throw unexpected(FORM, text);
  return {
    name,
    source: from.startsWith('env:')
      ? { kind: 'variable', name: from.slice('env:'.length) }
      : { kind: 'file', unsafePath: from },
  };
}
