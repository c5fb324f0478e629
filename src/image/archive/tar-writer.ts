/** Takes the bytes of an archive, in order. */
export type ByteSink = (bytes: Uint8Array) => void;

const BLOCK = 512;
/** Eleven octal digits. */
const LARGEST_SIZE = 0o77777777777;
const LONGEST_NAME = 100;

/**
 * Writes a tar archive of plain files, in the form of POSIX.1-2017, pax: the same files give the same bytes, since owners
 * are root and times 0. Names are ASCII and relative.
 */
export class TarWriter {
  readonly #sink: ByteSink;

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  /** Begins a file; as many bytes as it has must be written before the next. */
  begin(name: string, size: number): (bytes: Uint8Array) => void {
    const records = [
      ...paxRecord('path', name, name.length > LONGEST_NAME),
      ...paxRecord('size', `${size}`, size > LARGEST_SIZE),
    ];
    if (records.length > 0) {
      const body = Buffer.from(records.join(''));
      this.#sink(header('PaxHeaders/file', body.length, 'x'));
      this.#sink(body);
      this.#sink(Buffer.alloc(padding(body.length)));
    }
    this.#sink(header(name.slice(0, LONGEST_NAME), Math.min(size, LARGEST_SIZE), '0'));
    let left = size;
    const end = (): void => {
      if (left === 0) this.#sink(Buffer.alloc(padding(size)));
    };
    end();
    return (bytes) => {
      if (bytes.length > left) throw new RangeError(`${name} has more than ${size} bytes`);
      if (bytes.length === 0) return;
      this.#sink(bytes);
      left -= bytes.length;
      end();
    };
  }

  /** Directories need not be there, but some readers of layouts want them. `name`: without a slash at its end. */
  directory(name: string): void {
    this.#sink(header(`${name}/`, 0, '5', 0o755));
  }

  /** A whole file. */
  file(name: string, bytes: Uint8Array): void {
    this.begin(name, bytes.length)(bytes);
  }

  /** Two blocks of zeros. */
  end(): void {
    this.#sink(Buffer.alloc(2 * BLOCK));
  }
}

function padding(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

/** `LENGTH KEY=VALUE\n`, where LENGTH counts itself. */
function paxRecord(key: string, value: string, isNeeded: boolean): string[] {
  if (!isNeeded) return [];
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (`${length}`.length + rest.length !== length) length = `${length}`.length + rest.length;
  return [`${length}${rest}`];
}

/** A header block of ustar. */
function header(name: string, size: number, type: string, mode = 0o644): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, digits: number): void => {
    block.write(value.toString(8).padStart(digits, '0'), at, 'latin1');
  };
  block.write(name, 0, LONGEST_NAME, 'latin1');
  octal(mode, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(size, 124, 11);
  octal(0, 136, 11);
  block.write(type, 156, 'latin1');
  block.write('ustar\x0000', 257, 'latin1');
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  octal(sum, 148, 6);
  block.write('\0 ', 154, 'latin1');
  return block;
}
