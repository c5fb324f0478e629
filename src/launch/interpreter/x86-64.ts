/**
 * The launcher's interpreter for x86_64.
 *
 * Operands are decoded into the registers that the kernel takes a system call's arguments from (syscall(2)), because
 * system calls are what programs are made of; the other operations look at the first three only, so the last three are
 * decoded by `syscall` itself. Nothing is ever pushed: a clone may share or replace the stack without a care.
 *
 * rbp: the instruction (from the dispatch on, the next one) · rbx: slot 0 · rax: number and mask ·
 * rdi: first operand, then the result of what is no system call ·
 * rcx: scratch, which the kernel overwrites, as it does r11.
 */

import type { AssembledCode } from '../assembler/assembler.ts';
import { X86Assembler } from '../assembler/x86-64.ts';
import {
  ah,
  byte,
  cl,
  dl,
  dword,
  eax,
  ebp,
  ebx,
  ecx,
  edi,
  edx,
  esi,
  qword,
  r8,
  r9,
  r10,
  rax,
  rbp,
  rbx,
  rcx,
  rdi,
  rdx,
  rsi,
  rsp,
  scaled,
  word,
} from '../assembler/x86-64-operands.ts';
import { DATA_ADDRESS, INSTRUCTION_SIZE, PROGRAM_ADDRESS, STACK_SLOT, TEXT_ADDRESS } from '../isa.ts';
import type { InterpreterLabel } from './code.ts';
import { FIELD, NUMBER_BITS, OPERAND_SIZE } from './instruction.ts';

const ARGUMENTS = [rdi, rsi, rdx, r10, r8, r9] as const;
const SLOT_SIZE = 8;
const LOWEST_ERROR = -4095;

/** Gives the code for loading at `origin`. */
export function assembleX86(origin: number): AssembledCode<InterpreterLabel> {
  const a = new X86Assembler<InterpreterLabel>();
  const slot = (index: typeof rax) => qword(rbx, scaled(index, SLOT_SIZE));

  /** Decodes operand i of the instruction that lies `behind` bytes before rbp. */
  const decode = (i: number, behind: number) => {
    const argument = ARGUMENTS[i] as typeof rax;
    // The mask's six bits are the upper six of ah.
    const bit = 1 << (NUMBER_BITS - 8 + i);
    a.movsxd(argument, dword(rbp, FIELD.operands + i * OPERAND_SIZE - behind));
    a.test(ah, bit);
    a.je(`value${i}`);
    a.mov(argument, slot(argument));
    a.label(`value${i}`);
  };
  const finished = (field: number) => word(rbp, field - INSTRUCTION_SIZE);

  a.label('entry');
  a.mov(ebx, DATA_ADDRESS);
  a.mov(qword(rbx, STACK_SLOT * SLOT_SIZE), rsp);
  a.mov(ebp, PROGRAM_ADDRESS);
  a.jmp('next');

  // What ends in `branch` or in `store` stands in front of it, near enough for the short forms of the jumps.
  a.label('equal');
  a.cmp(rdi, rsi);
  a.je('branch');
  a.jmp('next');
  a.label('notEqual');
  a.cmp(rdi, rsi);
  a.jne('branch');
  a.jmp('next');
  a.label('less');
  a.cmp(rdi, rsi);
  a.jl('branch');
  a.jmp('next');
  a.label('greaterOrEqual');
  a.cmp(rdi, rsi);
  a.jl('next');
  a.label('branch');
  a.movzx(ecx, finished(FIELD.target));
  a.shl(ecx, Math.log2(INSTRUCTION_SIZE));
  a.lea(rbp, qword(rcx, PROGRAM_ADDRESS));
  a.jmp('next');

  // Writing a 32-bit register clears its upper half: every load extends with zeros.
  const at = scaled(rsi, 1);
  a.label('load8');
  a.movzx(edi, byte(rdi, at));
  a.jmp('store');
  a.label('load16');
  a.movzx(edi, word(rdi, at));
  a.jmp('store');
  a.label('load32');
  a.mov(edi, dword(rdi, at));
  a.jmp('store');
  a.label('load64');
  a.mov(rdi, qword(rdi, at));
  a.jmp('store');

  a.label('subtract');
  a.sub(rdi, rsi);
  a.jmp('store');
  a.label('multiply');
  a.imul(rdi, rsi);
  a.jmp('store');
  a.label('and');
  a.and(rdi, rsi);
  a.jmp('store');
  a.label('or');
  a.or(rdi, rsi);
  a.jmp('store');
  // The processor itself takes the count modulo 64.
  a.label('shiftLeft');
  a.mov(ecx, esi);
  a.shl(rdi, cl);
  a.jmp('store');
  a.label('shiftRight');
  a.mov(ecx, esi);
  a.shr(rdi, cl);
  a.jmp('store');
  a.label('add');
  a.add(rdi, rsi);
  a.label('store');
  a.movzx(ecx, finished(FIELD.result));
  a.mov(slot(rcx), rdi);

  a.label('next');
  a.movzx(eax, word(rbp, FIELD.numberAndMask));
  for (const i of [0, 1, 2]) decode(i, 0);
  a.movzx(ecx, word(rbp, FIELD.handler));
  a.add(rbp, INSTRUCTION_SIZE);
  a.add(ecx, TEXT_ADDRESS);
  a.jmp(rcx);

  a.label('divide');
  a.mov(rax, rdi);
  a.xor(edi, edi);
  // The processor would raise an exception (SIGFPE).
  a.test(rsi, rsi);
  a.je('store');
  a.xor(edx, edx);
  a.div(rsi);
  a.mov(rdi, rax);
  a.jmp('store');

  a.label('store8');
  a.mov(byte(rdi, at), dl);
  a.jmp('next');
  a.label('store32');
  a.mov(dword(rdi, at), edx);
  a.jmp('next');
  a.label('store64');
  a.mov(qword(rdi, at), rdx);
  a.jmp('next');

  a.label('syscall');
  for (const i of [3, 4, 5]) decode(i, INSTRUCTION_SIZE);
  a.and(eax, (1 << NUMBER_BITS) - 1);
  a.syscall();
  a.movzx(ecx, finished(FIELD.result));
  a.mov(slot(rcx), rax);
  a.cmp(rax, LOWEST_ERROR);
  a.jae('branch');
  a.jmp('next');

  return a.assemble(origin);
}
