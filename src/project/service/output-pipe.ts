import { chmodSync, closeSync, constants, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { hostSyscalls } from '../../linux/koffi-syscalls.ts';
import { fsPath } from '../../linux/paths.ts';
import { asidePath } from '../../store/aside.ts';

const S_IFIFO = 0o010000;

/** A pipe for the output of a program. */
export interface OutputPipe {
  /** For the program; whoever starts it closes it then. */
  readonly write: number;
  readonly read: Socket;
}

/**
 * Makes a pipe in the directory of `beside`. Node gives its children sockets, which nothing can open again: a program that
 * writes its log to /dev/stderr would fail (ENXIO). A program of another id inside may open this one too.
 */
export function outputPipe(beside: string): OutputPipe {
  const path = asidePath(beside);
  hostSyscalls().mknodat(0, path, S_IFIFO | 0o600, 0);
  try {
    chmodSync(fsPath(path), 0o622);
    const read = openSync(fsPath(path), constants.O_RDONLY | constants.O_NONBLOCK);
    const write = openSync(fsPath(path), constants.O_WRONLY);
    return { write, read: new Socket({ fd: read, readable: true, writable: false }) };
  } finally {
    rmSync(fsPath(path), { force: true });
  }
}

/** Closes the program's end. */
export function closeWriter({ write }: OutputPipe): void {
  closeSync(write);
}
