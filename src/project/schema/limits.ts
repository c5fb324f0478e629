import * as z from 'zod';
import { type KeyDescription, key } from './describe.ts';
import { list, matching, oneOf, text } from './values.ts';

const SIZE = /^\d{1,15}(?:\.\d{1,6})?(?:[kmgtKMGT](?:i?[bB])?|[bB])?$/;
const NUMBER = /^-?\d{1,16}(?:\.\d{1,6})?$/;

/** A number, or text as after the option of that name. */
const amount = (pattern: RegExp, words: string, description: KeyDescription) =>
  key(z.union([z.number(), matching(pattern, words)], { error: words }).optional(), description);
const size = (description: string, example: string) =>
  amount(SIZE, 'a size such as "2g", or bytes', { description, examples: [example] });
const number = (description: string, example: number) =>
  amount(NUMBER, `a number such as ${example}`, { description, examples: [example] });
const devices = (description: string, example: string) =>
  key(list(text().regex(/^\/[^:]+:\d+/, { error: 'DEVICE:RATE such as "/dev/sda:10m"' }), 'a list').optional(), {
    description,
    examples: [[example]],
  });

/** By the names of the options of `sandbox run`; docs/limits.md. */
export const limits = z.strictObject(
  {
    memory: size('Memory; above it the sandbox is killed.', '2g'),
    'memory-swap': amount(/^(?:-1|\d.*)$/, 'a size such as "4g", or -1', {
      description: 'Memory and swap together; `-1`: swap as there is.',
      defaultText: 'twice the memory',
      examples: ['4g'],
    }),
    cpus: number('Processor time, as that of so many processors.', 1.5),
    'cpu-weight': number('Share of the processors when they are busy, 1 to 10000; others have 100.', 50),
    'cpu-shares': number("The same in podman's unit; others have 1024.", 512),
    'pids-limit': number('Processes and threads; `-1`: no limit.', 512),
    'io-weight': number('Share of disks when they are busy, 1 to 10000; others have 100.', 50),
    'blkio-weight': number("The same in podman's unit, 10 to 1000.", 500),
    'device-read-bps': devices('Bytes read a second, of each device.', '/dev/sda:10m'),
    'device-write-bps': devices('Bytes written a second.', '/dev/sda:10m'),
    'device-read-iops': devices('Reads a second.', '/dev/sda:1000'),
    'device-write-iops': devices('Writes a second.', '/dev/sda:1000'),
    ulimit: key(
      list(
        text().regex(/^(?:host|[A-Za-z_]+=\S+)$/, { error: 'NAME=SOFT[:HARD]' }),
        'a list: ["nofile=1024"]',
      ).optional(),
      { description: 'Limits of each process (`getrlimit(2)`), `NAME=SOFT[:HARD]`.', examples: [['nofile=1024:2048']] },
    ),
    timeout: number('Seconds after which the sandbox is killed; `0`: never.', 600),
    limits: key(oneOf(['required', 'best-effort']).optional(), {
      description: 'Whether it is an error where a limit cannot be had.',
      default: 'required',
    }),
  },
  { error: 'a table: { memory = "2g" }' },
);
