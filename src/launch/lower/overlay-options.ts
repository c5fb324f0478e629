import type { OverlayLayers } from '../operations.ts';

/** fsconfig(2) takes strings of at most 255 bytes. */
const OPTION_LIMIT = 255;

/**
 * Options of every overlay that an ordinary user makes: extended attributes in `user.`, since `trusted.` is root's, and what
 * they may say narrowed down. A layer comes from anywhere: `user.overlay.redirect` and `user.overlay.metacopy` in it must not
 * lead to other files. The kernel wants both off with `userxattr`; an index would believe file handles in attributes too.
 */
export function commonOptions(layers: OverlayLayers): Array<readonly [key: string, value?: string]> {
  const options: Array<readonly [string, string?]> = [
    ['userxattr'],
    ['redirect_dir', 'nofollow'],
    ['metacopy', 'off'],
    ['index', 'off'],
  ];
  if (layers.volatile && layers.upper) options.push(['volatile']);
  return options;
}

/**
 * The layers as options of fsconfig(2); undefined where they cannot be said so: too long, or with a character to which
 * overlayfs gives a meaning. `lowerdir+`, which takes one at a time, exists from Linux 6.7 on only.
 */
export function layerOptions({
  lower,
  upper,
}: OverlayLayers): Array<readonly [key: string, value: string]> | undefined {
  const joined = lower.join(':');
  if (/[,:\\]/.test(lower.join('')) || Buffer.byteLength(joined) > OPTION_LIMIT) return undefined;
  const options: Array<readonly [string, string]> = [['lowerdir', joined]];
  if (upper) options.push(['upperdir', upper.directory], ['workdir', upper.work]);
  return options;
}
