import { ImageError } from '../../error.ts';
import { printableName } from '../printable-name.ts';

/** An archive that says something impossible, or ends too early. `name`: of the entry, as bytes in Latin-1. */
export function damaged(what: string, name?: string): ImageError {
  const where = name === undefined ? '' : ` at the entry ${printableName(name)}`;
  return new ImageError('UNPACK', `the layer is no sound tar archive${where}: ${what}`, {
    hint: 'the image was built or stored wrongly: whoever publishes it must build it anew',
  });
}
