import fc from 'fast-check';
import {
  DATA_ADDRESS,
  INSTRUCTION_SIZE,
  type Instruction,
  type Operand,
  type Operation,
  PROGRAM_ADDRESS,
  type Program,
} from '../../../src/launch/isa.ts';
import type { Arch } from '../../../src/linux/arch.ts';
import { call, constant, instruction, slot } from './machine.ts';

/** Slots 1..GENERAL hold values, then come the counters of loops, then the result of the final write. */
const GENERAL = 12;
const LOOP_DEPTH = 2;
const FIRST_COUNTER = GENERAL + 1;
const WRITTEN = FIRST_COUNTER + LOOP_DEPTH;
const SLOTS = WRITTEN + 1;
/** Bytes a random access may reach, from its region's start; the regions are a little longer. */
const REACH = 64;
const MARGIN = 8;

/** A piece of a program that can be placed anywhere, because its jumps only know distances. */
type Statement =
  | {
      readonly kind: 'plain';
      readonly operation: Operation;
      readonly operands: readonly Operand[];
      readonly result: number;
    }
  | ({ readonly kind: 'access'; readonly load: boolean; readonly operation: Operation; readonly region: number } & {
      readonly offset: Operand;
      readonly slot: number;
    })
  | {
      readonly kind: 'compare';
      readonly operation: Operation;
      readonly operands: readonly Operand[];
      readonly skip: number;
    }
  | ({
      readonly kind: 'syscall';
      readonly name: keyof typeof CALLS;
      readonly operands: readonly Operand[];
      readonly result: number;
    } & { readonly skip: number })
  | { readonly kind: 'loop'; readonly times: number; readonly body: readonly Statement[] };

/** System calls that any process may make without effect, and their answer on every Linux kernel. */
export const CALLS = {
  unknown: { arguments: [], answer: -38n },
  sched_yield: { arguments: [], answer: 0n },
  // A descriptor that cannot be open: EBADF.
  close: { arguments: [constant(-1)], answer: -9n },
  fsync: { arguments: [constant(-100)], answer: -9n },
  fchdir: { arguments: [constant(0x7fff_ffff)], answer: -9n },
} as const;
export const UNKNOWN_CALL = 1023;

const int32 = fc.oneof(
  fc.constantFrom(0, 1, -1, 2, 63, 64, 65, -64, 0x7fff_ffff, -0x8000_0000),
  fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
);
const int64 = fc.oneof(
  fc.constantFrom(0n, 1n, (1n << 64n) - 1n, 1n << 63n, (1n << 63n) - 1n, 1n << 32n, 64n, (1n << 64n) - 4095n),
  fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
);
const generalSlot = fc.integer({ min: 1, max: GENERAL });
const operand: fc.Arbitrary<Operand> = fc.oneof(int32.map(constant), generalSlot.map(slot));
/** As many operands as there are registers: those that the operation ignores must do no harm. */
const operands = (needed: number) => fc.array(operand, { minLength: needed, maxLength: 6 });
const skip = fc.nat({ max: 4 });

const arithmetic = fc.constantFrom<Operation[]>(
  'add',
  'subtract',
  'multiply',
  'divide',
  'and',
  'or',
  'shiftLeft',
  'shiftRight',
);
const plain: fc.Arbitrary<Statement> = fc.record({
  kind: fc.constant('plain'),
  operation: arithmetic,
  operands: operands(2),
  result: generalSlot,
});
const load: fc.Arbitrary<Statement> = fc.record({
  kind: fc.constant('access'),
  load: fc.constant(true),
  operation: fc.constantFrom<Operation[]>('load8', 'load16', 'load32', 'load64'),
  region: fc.nat({ max: 2 }),
  offset: operand,
  slot: generalSlot,
});
const store: fc.Arbitrary<Statement> = fc.record({
  kind: fc.constant('access'),
  load: fc.constant(false),
  operation: fc.constantFrom<Operation[]>('store8', 'store32', 'store64'),
  // Not the constants.
  region: fc.nat({ max: 1 }),
  offset: operand,
  slot: generalSlot,
});
const compare: fc.Arbitrary<Statement> = fc.record({
  kind: fc.constant('compare'),
  operation: fc.constantFrom<Operation[]>('equal', 'notEqual', 'less', 'greaterOrEqual'),
  operands: fc.oneof(
    operands(2),
    operand.map((same) => [same, same]),
  ),
  skip,
});
const syscall: fc.Arbitrary<Statement> = fc.record({
  kind: fc.constant('syscall'),
  name: fc.constantFrom(...(Object.keys(CALLS) as (keyof typeof CALLS)[])),
  operands: operands(0),
  result: generalSlot,
  skip,
});
const flat = fc.oneof(
  { weight: 4, arbitrary: plain },
  { weight: 2, arbitrary: load },
  { weight: 2, arbitrary: store },
  { weight: 2, arbitrary: compare },
  { weight: 2, arbitrary: syscall },
);

function loopsOf(body: fc.Arbitrary<Statement>): fc.Arbitrary<Statement> {
  return fc.record({
    kind: fc.constant('loop'),
    times: fc.integer({ min: 1, max: 5 }),
    body: fc.array(body, { maxLength: 6 }),
  });
}
const innerLoop = loopsOf(flat);
const outerLoop = loopsOf(fc.oneof({ weight: 4, arbitrary: flat }, { weight: 1, arbitrary: innerLoop }));
const statement = fc.oneof({ weight: 8, arbitrary: flat }, { weight: 1, arbitrary: outerLoop });

/** A program before it knows its architecture: the numbers of its system calls are still names. */
export interface RandomProgram {
  readonly statements: readonly Statement[];
  readonly slots: readonly bigint[];
  readonly data: Uint8Array;
  readonly constants: Uint8Array;
  readonly zeroed: number;
}

/** Programs that end, touch only memory of their own, then write all of it but slot 0 to standard output and exit. */
export const randomProgram: fc.Arbitrary<RandomProgram> = fc.record({
  statements: fc.array(statement, { maxLength: 30 }),
  slots: fc.array(int64, { minLength: SLOTS, maxLength: SLOTS }),
  data: fc.uint8Array({ maxLength: 100 }),
  constants: fc.uint8Array({ minLength: REACH + MARGIN, maxLength: REACH + MARGIN + 20 }),
  zeroed: fc.integer({ min: REACH + MARGIN, max: 200 }),
});

/** Gives the program for an architecture, ready to be encoded. */
export function lower(arch: Arch, { statements, slots, data, constants, zeroed }: RandomProgram): Program {
  const size = statements.reduce((sum, item) => sum + length(item), 0);
  const total = size + 2;
  // Data and zeroed bytes; the values among the slots, up to the last byte of them; the constants.
  const bases = [DATA_ADDRESS + SLOTS * 8, DATA_ADDRESS + 8, PROGRAM_ADDRESS + total * INSTRUCTION_SIZE];
  const body = lowerAll(arch, bases, statements, 0, 0);
  const end = body.length;
  const written = [constant(1), constant(DATA_ADDRESS + 8), constant((SLOTS - 1) * 8 + data.length + zeroed)];
  return {
    instructions: [
      ...body,
      call(arch, 'write', written, WRITTEN, end + 1),
      call(arch, 'exit_group', [slot(1)], 0, end),
    ],
    slots,
    data,
    constants,
    zeroed,
  };
}

function length(item: Statement): number {
  switch (item.kind) {
    case 'access':
      return 2;
    case 'loop':
      return 3 + item.body.reduce((sum, inner) => sum + length(inner), 0);
    default:
      return 1;
  }
}

function lowerAll(
  arch: Arch,
  bases: readonly number[],
  statements: readonly Statement[],
  start: number,
  depth: number,
): Instruction[] {
  const starts: number[] = [];
  let next = start;
  for (const item of statements) {
    starts.push(next);
    next += length(item);
  }
  /** Where the program goes on when it skips so many statements: at most behind the last one of this list. */
  const after = (index: number, skipped: number) => starts[index + 1 + skipped] ?? next;
  const lowerOne = (item: Statement, index: number): Instruction[] => {
    switch (item.kind) {
      case 'plain':
        return [instruction(item.operation, item.operands, { result: item.result })];
      case 'access': {
        const base = constant(bases[item.region] ?? 0);
        // The offset goes through the loaded or stored slot's neighbour, so that addresses come from slots as well.
        const offset = (item.slot % GENERAL) + 1;
        return [
          instruction('and', [item.offset, constant(REACH - 1)], { result: offset }),
          item.load
            ? instruction(item.operation, [base, slot(offset)], { result: item.slot })
            : instruction(item.operation, [slot(offset), base, slot(item.slot)]),
        ];
      }
      case 'compare':
        return [instruction(item.operation, item.operands, { target: after(index, item.skip) })];
      case 'syscall': {
        const args = [...CALLS[item.name].arguments, ...item.operands].slice(0, 6);
        const target = after(index, item.skip);
        if (item.name !== 'unknown') return [call(arch, item.name, args, item.result, target)];
        return [instruction('syscall', args, { number: UNKNOWN_CALL, result: item.result, target })];
      }
      case 'loop': {
        const counter = FIRST_COUNTER + depth;
        const first = (starts[index] ?? 0) + 1;
        return [
          instruction('add', [constant(item.times), constant(0)], { result: counter }),
          ...lowerAll(arch, bases, item.body, first, depth + 1),
          instruction('subtract', [slot(counter), constant(1)], { result: counter }),
          instruction('notEqual', [slot(counter), constant(0)], { target: first }),
        ];
      }
    }
  };
  return statements.flatMap(lowerOne);
}
