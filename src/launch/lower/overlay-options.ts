import type { ProgramBuilder } from '../builder.ts';
import type { OverlayLayers } from '../operations.ts';
import { close, HERE, openFlags } from './context.ts';

/** Descriptors from here on are the overlay's lower directories whose paths overlayfs could not read. */
const LOWER_DESCRIPTOR = 500;
/** fsconfig(2) takes strings of at most 255 bytes. */
const OPTION_LIMIT = 255;

/**
 * The options of a native overlay made by an ordinary user: extended attributes in `user.`, since `trusted.` is root's.
 * A lower path with a character that overlayfs gives a meaning, or too long, is named through a descriptor.
 */
export function overlayOptions(builder: ProgramBuilder, layers: OverlayLayers): Array<readonly [string, string?]> {
  const plain = layers.lower.join(':');
  let lower = plain;
  if (/[,:\\]/.test(layers.lower.join('')) || Buffer.byteLength(plain) > OPTION_LIMIT) {
    layers.lower.forEach((path, index) => {
      const opened = builder.scratch('lower');
      builder.syscall('openat', [HERE, builder.string(path), openFlags(builder, 'O_PATH', 'O_DIRECTORY'), 0], {
        result: opened,
      });
      builder.syscall('dup3', [opened, LOWER_DESCRIPTOR + index, openFlags(builder)]);
      close(builder, opened);
    });
    lower = layers.lower.map((_, index) => `/proc/self/fd/${LOWER_DESCRIPTOR + index}`).join(':');
  }
  const options: Array<readonly [string, string?]> = [
    ['source', 'sandbox'],
    ['lowerdir', lower],
  ];
  if (layers.upper) options.push(['upperdir', layers.upper.directory], ['workdir', layers.upper.work]);
  options.push(['userxattr']);
  if (layers.volatile && layers.upper) options.push(['volatile']);
  return options;
}
