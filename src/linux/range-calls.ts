import { type Arch, hostArch } from './arch.ts';
import { loadKoffi } from './koffi.ts';
import { syscallNumber } from './syscall-numbers.ts';

/** include/uapi/linux/fs.h: _IOW(0x94, 9, int). */
const FICLONE = 0x40049409;
/** `whence` of lseek(2): include/uapi/linux/fs.h. */
const SEEK = { SEEK_DATA: 3, SEEK_HOLE: 4 } as const;
/** What one copy_file_range(2) is asked for: it does less at its own choice. */
const LARGEST_COPY = 1 << 30;

/** System calls that copy a file's content inside the kernel. Results are the kernel's: negative ones the negated errno. */
export class RangeCalls {
  readonly #call: (name: string, a: number, b: number, c: number, d: number, e: number, f: number) => number;

  constructor(arch: Arch = hostArch()) {
    const koffi = loadKoffi();
    const syscall = koffi.load(null).func('syscall', 'int64_t', new Array<string>(7).fill('int64_t'));
    this.#call = (name, ...words) => {
      const result = Number(syscall(syscallNumber(arch, name), ...words));
      return result === -1 ? -koffi.errno() : result;
    };
  }

  /** ioctl_ficlone(2): the target shares the source's blocks until one of them is written to. */
  clone(source: number, target: number): number {
    return this.#call('ioctl', target, FICLONE, source, 0, 0, 0);
  }

  /** Where the next data begins at or behind an offset; -ENXIO: there is none. lseek(2). */
  nextData(descriptor: number, offset: number): number {
    return this.#call('lseek', descriptor, offset, SEEK.SEEK_DATA, 0, 0, 0);
  }

  /** Where the data at an offset ends. */
  nextHole(descriptor: number, offset: number): number {
    return this.#call('lseek', descriptor, offset, SEEK.SEEK_HOLE, 0, 0, 0);
  }

  /** lseek(2), SEEK_SET. */
  seek(descriptor: number, offset: number): number {
    return this.#call('lseek', descriptor, offset, 0, 0, 0, 0);
  }

  /** copy_file_range(2) from both descriptors' positions, which move. Gives the bytes copied; 0 at the end. */
  copy(source: number, target: number, length: number): number {
    return this.#call('copy_file_range', source, 0, target, 0, Math.min(length, LARGEST_COPY), 0);
  }
}
