import type { FileState, InheritedVariables, SetupOp } from '../launch/operations.ts';

/** What a launcher that is a file of its own, and is started by anybody, does besides (project/shim). */
export interface ShimPlan {
  /** Paths of the host: as long as these are as they were, the launcher goes on by itself. */
  readonly fresh: {
    readonly files: readonly FileState[];
    readonly paths: readonly string[];
    readonly program: FileState;
  };
  /** The program that decides otherwise, and does what no launcher can: its path and first arguments. */
  readonly program: readonly string[];
  /** What is said where that is gone. */
  readonly otherwise: string;
  /** The kept sandbox that is joined while it runs, and the launcher that does it. */
  readonly running?: { readonly directory: string; readonly launcher: string };
  readonly inherited: InheritedVariables;
  /** The workspace, in which the caller's directory is kept; undefined: the working directory is a fixed one. */
  readonly within?: string;
}

/** Gives the operations of a launcher that only ever starts the program: for what takes secrets, or a control group. */
export function planProgram({ program, otherwise }: Pick<ShimPlan, 'program' | 'otherwise'>): SetupOp[] {
  return [{ op: 'handOver', when: { kind: 'always' }, to: program, from: 1, otherwise }];
}

/** Takes the operations of a sandbox and gives those of its shim: arguments, variables and directory are the caller's. */
export function planShim(operations: readonly SetupOp[], shim: ShimPlan): SetupOp[] {
  const { program, otherwise, fresh, running } = shim;
  const handOver = { op: 'handOver', to: program, from: 1, otherwise } as const;
  const ownSession = operations.some(({ op }) => op === 'newSession');
  return [
    { ...handOver, when: { kind: 'changed', ...fresh } },
    // A session of its own takes a pseudo-terminal where there is a terminal, and no terminal elsewhere: it is looked at each time.
    ...(ownSession ? [{ ...handOver, when: { kind: 'onTerminal' } } as const] : []),
    ...(running === undefined
      ? []
      : [
          {
            ...handOver,
            when: { kind: 'running', directory: running.directory },
            to: [running.launcher],
          } as const,
        ]),
    { op: 'rememberDirectory' },
    ...operations.map((operation) => withCaller(operation, shim, 1)),
  ];
}

/** The same for a launcher that joins; the pid of init is the first of its arguments. */
export function planJoiningShim(operations: readonly SetupOp[], shim: ShimPlan): SetupOp[] {
  return [{ op: 'rememberDirectory' }, ...operations.map((operation) => withCaller(operation, shim, 2))];
}

function withCaller(operation: SetupOp, { inherited, within }: ShimPlan, from: number): SetupOp {
  if (operation.op === 'execute') return { ...operation, inherited, passArguments: { from } };
  if (operation.op !== 'changeDirectory' || within === undefined) return operation;
  return { op: 'enterCallersDirectory', within, fallback: operation.fallback ?? '/' };
}
