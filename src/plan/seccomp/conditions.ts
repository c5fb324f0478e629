import type { Assembler, Target } from './assembler.ts';
import { verdict } from './assembler.ts';
import type { Decision } from './decision.ts';
import { DATA } from './instruction.ts';
import type { SeccompCondition } from './profile.ts';

/** How wide an argument is: programs of 32 bits have only the lower word, and the kernel clears the upper one. */
export type ArgumentWidth = 32 | 64;

/** Writes the branches of a decision in their order, and gives the first instruction. */
export function writeDecision(assembler: Assembler, { branches, otherwise }: Decision, width: ArgumentWidth): Target {
  let next = verdict(otherwise);
  for (const branch of branches.toReversed()) {
    let entry = verdict(branch.verdict);
    for (const condition of branch.conditions.toReversed()) {
      entry = writeCondition(assembler, condition, width, entry, next);
    }
    next = entry;
  }
  return next;
}

interface Halves {
  readonly low: number;
  readonly high: number;
}

function halves(value: number | string): Halves {
  const whole = BigInt(value);
  return { low: Number(whole & 0xffff_ffffn), high: Number((whole >> 32n) & 0xffff_ffffn) };
}

function writeCondition(
  assembler: Assembler,
  { argument, operator, value, masked }: SeccompCondition,
  width: ArgumentWidth,
  yes: Target,
  no: Target,
): Target {
  // The low word comes first in memory on both architectures.
  const low = DATA.arguments + argument * 8;
  const at = { low, high: low + 4 };
  const than = halves(value);
  const all = { low: 0xffff_ffff, high: 0xffff_ffff };
  switch (operator) {
    case 'equal':
      return writeMasked(assembler, at, all, than, width, yes, no);
    case 'notEqual':
      return writeMasked(assembler, at, all, than, width, no, yes);
    case 'maskedEqual':
      return writeMasked(assembler, at, than, halves(masked ?? 0), width, yes, no);
    case 'greaterOrEqual':
      return writeOrder(assembler, 'greaterOrEqual', at, than, width, yes, no);
    case 'less':
      return writeOrder(assembler, 'greaterOrEqual', at, than, width, no, yes);
    case 'greater':
      return writeOrder(assembler, 'greater', at, than, width, yes, no);
    case 'lessOrEqual':
      return writeOrder(assembler, 'greater', at, than, width, no, yes);
  }
}

function writeMasked(
  assembler: Assembler,
  at: Halves,
  mask: Halves,
  value: Halves,
  width: ArgumentWidth,
  yes: Target,
  no: Target,
): Target {
  const low = writeHalf(assembler, at.low, mask.low, value.low, yes, no);
  return width === 32 ? low : writeHalf(assembler, at.high, mask.high, value.high, low, no);
}

function writeHalf(assembler: Assembler, at: number, mask: number, value: number, yes: Target, no: Target): Target {
  // Bits beside the mask do not count, as with libseccomp.
  if (mask === 0) return yes;
  assembler.branch('equal', value & mask, yes, no);
  if (mask !== 0xffff_ffff) assembler.and(mask);
  return assembler.load(at);
}

/** The upper word decides, unless it is equal. */
function writeOrder(
  assembler: Assembler,
  comparison: 'greater' | 'greaterOrEqual',
  at: Halves,
  than: Halves,
  width: ArgumentWidth,
  yes: Target,
  no: Target,
): Target {
  assembler.branch(comparison, than.low, yes, no);
  const low = assembler.load(at.low);
  if (width === 32) return low;
  const equal = assembler.branch('equal', than.high, low, no);
  assembler.branch('greater', than.high, yes, equal);
  return assembler.load(at.high);
}
