/** Any host and any display's address: Xauth.h. */
const FAMILY_WILD = 0xffff;
const FAMILY_LOCAL = 256;

interface Entry {
  readonly family: number;
  readonly display: string;
  readonly name: Buffer;
  readonly data: Buffer;
}

/** Reads an Xauthority file as libXau does (AuRead.c): 16-bit numbers, big end first; gives up where it is cut off. */
function* entriesOf(file: Buffer): Generator<Entry> {
  let at = 0;
  const number = (): number => {
    const value = file.readUInt16BE(at);
    at += 2;
    return value;
  };
  const field = (): Buffer => {
    const length = number();
    if (at + length > file.length) throw new RangeError('cut off');
    at += length;
    return file.subarray(at - length, at);
  };
  while (at < file.length) {
    try {
      const family = number();
      field();
      yield { family, display: field().toString('latin1'), name: field(), data: field() };
    } catch (error) {
      if (error instanceof RangeError) return;
      throw error;
    }
  }
}

function counted(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/**
 * Takes an Xauthority file and a display's number; gives a file with the cookies of that display alone, for whatever host
 * name, since a sandbox has its own. Undefined: there is none.
 */
export function cookiesOf(file: Buffer, display: string): Buffer | undefined {
  const wild = Buffer.alloc(2);
  wild.writeUInt16BE(FAMILY_WILD);
  const found = [...entriesOf(file)].filter(
    (entry) => [FAMILY_WILD, FAMILY_LOCAL].includes(entry.family) && ['', display].includes(entry.display),
  );
  if (found.length === 0) return undefined;
  return Buffer.concat(
    found.flatMap(({ name, data }) => [
      wild,
      counted(Buffer.alloc(0)),
      counted(Buffer.from(display, 'latin1')),
      counted(name),
      counted(data),
    ]),
  );
}
