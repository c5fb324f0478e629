import { posix } from 'node:path';
import type { ListName } from '../../project/edit/edit-file.ts';
import type { Item } from '../../project/edit/edit-list.ts';
import { environmentKeys } from '../../project/schema/environment.ts';
import type { OptionValues } from '../arguments/option.ts';
import { quoted, UsageError } from '../arguments/usage-error.ts';
import type { listOptions } from './list-options.ts';

/** What was typed for the lists of sandbox.toml; only those for which something was. Throws a UsageError where nothing was. */
export function typedLists(
  options: OptionValues<typeof listOptions>,
  packages: readonly string[],
): ReadonlyMap<ListName, readonly Item[]> {
  const { cache, shim: shims, volume: volumes, port: ports } = options;
  const typed: ReadonlyArray<readonly [ListName, readonly Item[]]> = [
    ['packages', packages],
    ['cache', cache],
    ['shims', shims],
    ['volumes', volumes],
    ['ports', ports],
  ];
  const lists = new Map(typed.filter(([, items]) => items.length > 0));
  if (lists.size === 0) throw new UsageError('nothing is named', { hint: 'name packages, or use an option' });
  for (const [name, items] of lists) {
    const { error } = environmentKeys[name].safeParse(items);
    const issue = error?.issues[0];
    if (issue === undefined) continue;
    const wrong = items.find((item) => !environmentKeys[name].safeParse([item]).success);
    throw new UsageError(
      `${name}: expected ${issue.message}, got ${typeof wrong === 'string' ? quoted(wrong) : wrong}`,
    );
  }
  return lists;
}

/** Volumes are written from the project on: a path that was typed below it begins where the caller stands. */
export function fromProject(volume: string, directory: string, from: string): string {
  if (!volume.startsWith('.')) return volume;
  const [source = '', ...rest] = volume.split(':');
  const relative = posix.relative(directory, posix.resolve(from, source));
  const written = relative.startsWith('..') ? relative : `./${relative}`;
  return [written, ...rest].join(':');
}
