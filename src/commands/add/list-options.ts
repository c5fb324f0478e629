import { list, value } from '../arguments/option.ts';

const asTyped = (text: string): string => text;

function port(text: string): number {
  return /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
}

/** Options of `add` and `remove`. */
export const listOptions = {
  env: value([['--env'], 'NAME', 'An environment other than the default one'], asTyped, { kind: 'nothing' }),
  cache: list([['--cache'], 'NAME', 'A cache: apt, cargo, go, npm, pip, or a path inside'], asTyped, {
    kind: 'words',
    words: ['apt', 'cargo', 'go', 'npm', 'pip'],
  }),
  shim: list([['--shim'], 'PROGRAM', 'A program that gets a shim in .sandbox/bin'], asTyped, { kind: 'nothing' }),
  volume: list([['--volume', '-v'], 'SRC:DST[:ro]', 'A directory of the host that is shown inside'], asTyped, {
    kind: 'directories',
  }),
  port: list([['--port', '-p'], 'PORT', 'A TCP port that services listen on'], port, { kind: 'nothing' }),
};
