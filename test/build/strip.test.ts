import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { stripElf } from '../../build/strip.ts';
import { needs } from '../packages.ts';

describe('stripping', () => {
  const original = readFileSync(process.execPath);
  const stripped = stripElf(original);

  it('makes Node smaller by its symbols, and what is loaded stays as it is', () => {
    assert.ok(stripped.length < original.length - 10e6, `${original.length} to ${stripped.length}`);
    const programHeaders = { start: Number(original.readBigUInt64LE(32)), count: original.readUInt16LE(56) };
    let compared = 0;
    for (let index = 0; index < programHeaders.count; index++) {
      const header = programHeaders.start + index * 56;
      // The first 64 bytes are the ELF header, which tells where the sections are.
      const start = Math.max(64, Number(original.readBigUInt64LE(header + 8)));
      const end = Number(original.readBigUInt64LE(header + 8) + original.readBigUInt64LE(header + 32));
      assert.ok(stripped.subarray(start, end).equals(original.subarray(start, end)), `program header ${index}`);
      compared += end - start;
    }
    assert.ok(compared > 90e6);
  });

  it('gives a program that runs and that stripping again does not change', () => {
    const directory = mkdtempSync(join(tmpdir(), 'sandbox-strip-'));
    try {
      writeFileSync(join(directory, 'node'), stripped, { mode: 0o755 });
      assert.equal(execFileSync(join(directory, 'node'), ['-p', '6 * 7'], { encoding: 'utf8' }), '42\n');
    } finally {
      rmSync(directory, { recursive: true });
    }
    assert.ok(stripElf(stripped).equals(stripped));
  });

  it('keeps the loaded sections, as readelf reads them', { skip: needs('readelf') }, () => {
    const directory = mkdtempSync(join(tmpdir(), 'sandbox-strip-'));
    const sections = (path: string) =>
      execFileSync('readelf', ['--section-headers', '--wide', path], { encoding: 'utf8' })
        .split('\n')
        .flatMap((line) => {
          const [, name, type, address, offset, size, flags] =
            /^ +\[ *\d+\] (\S+) +(\S+) +(\S+) (\S+) (\S+) \S+ +([A-Z]*) /.exec(line) ?? [];
          return flags?.includes('A') ? [`${name} ${type} ${address} ${offset} ${size} ${flags}`] : [];
        });
    try {
      writeFileSync(join(directory, 'node'), stripped);
      const kept = sections(join(directory, 'node'));
      assert.ok(kept.length > 20);
      assert.deepEqual(kept, sections(process.execPath));
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('refuses what is not a 64-bit ELF file', () => {
    assert.throws(() => stripElf(Buffer.from('#!/bin/sh\n'.repeat(20))), /not a 64-bit little-endian ELF file/);
  });

  it('refuses a truncated file', () => {
    assert.throws(() => stripElf(stripped.subarray(0, 1_000_000)));
  });
});
