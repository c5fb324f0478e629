import type { SetupOp } from '../launch/operations.ts';

/** What a plan makes in a root file system before the command starts: places to mount on, and files that are generated. */
export interface Placed {
  /** Absolute paths; `mode`: permission bits of those that are missing. */
  readonly directories: ReadonlyArray<{ readonly path: string; readonly mode: number }>;
  readonly files: ReadonlyArray<{ readonly path: string; readonly content: string }>;
}

/** File systems that hide whatever the root has there. */
const MOUNTED = ['/proc', '/sys', '/dev'];

/** Gives what operations would make in the root file system itself, not in what is mounted on it. */
export function placedBy(operations: readonly SetupOp[]): Placed {
  const mounted = [...MOUNTED];
  const isHidden = (path: string): boolean => mounted.some((place) => path.startsWith(`${place}/`));
  const directories: Array<Placed['directories'][number]> = [];
  const files: Array<Placed['files'][number]> = [];
  for (const operation of operations) {
    if (operation.op === 'makeDirectory' && !isHidden(operation.path)) {
      directories.push({ path: operation.path, mode: operation.mode });
    } else if (operation.op === 'bindContent' && !isHidden(operation.target)) {
      files.push({ path: operation.target, content: operation.content });
    } else if ('target' in operation) mounted.push(operation.target);
  }
  return { directories, files };
}

/** The same operations where these files are in the root file system already. */
export function withoutFiles(operations: readonly SetupOp[], paths: readonly string[]): SetupOp[] {
  return operations.filter(
    (operation) =>
      !(operation.op === 'bindContent' && paths.includes(operation.target)) &&
      !(operation.op === 'makeFile' && paths.includes(operation.path)),
  );
}
