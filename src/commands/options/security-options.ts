import { value } from '../arguments/option.ts';
import { parseProfileName } from './profile.ts';

/** How closely a command is held, and what of the session it is shown. */
export const securityOptions = {
  profile: value(
    [['--profile'], 'NAME', 'How closely the command is held: dev, strict, or one of config.toml'],
    parseProfileName,
    { kind: 'words', words: ['dev', 'strict'] },
  ),
} as const;
