import { list, value } from '../arguments/option.ts';
import { oneOf } from './choice.ts';
import {
  deviceRate,
  parseBlkioWeight,
  parseCpuShares,
  parseCpus,
  parseMemory,
  parseMemorySwap,
  parsePids,
  parseTimeout,
  parseUlimit,
  parseWeight,
} from './limits.ts';

const NOTHING = { kind: 'nothing' } as const;
export const ENFORCEMENTS = ['required', 'best-effort'] as const;

/** What of a control group's limits can be changed while a sandbox runs. */
export const groupLimitOptions = {
  memory: value([['-m', '--memory'], 'SIZE', 'Limit the memory; above it the sandbox is killed'], parseMemory, NOTHING),
  memorySwap: value(
    [['--memory-swap'], 'SIZE', 'Limit memory and swap together; -1: swap as there is (default: twice the memory)'],
    parseMemorySwap,
    NOTHING,
  ),
  cpus: value([['--cpus'], 'NUMBER', 'Limit processor time to that of so many processors'], parseCpus, NOTHING),
  cpuWeight: value(
    [['--cpu-weight'], 'WEIGHT', 'Share of the processors when they are busy, 1 to 10000 (others: 100)'],
    parseWeight,
    NOTHING,
  ),
  cpuShares: value(
    [['-c', '--cpu-shares'], 'SHARES', "The same in podman's unit (others: 1024)"],
    parseCpuShares,
    NOTHING,
  ),
  pidsLimit: value([['--pids-limit'], 'NUMBER', 'Limit processes and threads; -1: no limit'], parsePids, NOTHING),
  ioWeight: value(
    [['--io-weight'], 'WEIGHT', 'Share of disks when they are busy, 1 to 10000 (others: 100)'],
    parseWeight,
    NOTHING,
  ),
  blkioWeight: value(
    [['--blkio-weight'], 'WEIGHT', "The same in podman's unit, 10 to 1000"],
    parseBlkioWeight,
    NOTHING,
  ),
  deviceReadBps: list(
    [['--device-read-bps'], 'DEVICE:RATE', 'Limit bytes read a second, such as /dev/sda:10m'],
    deviceRate('rbps'),
    { kind: 'files' },
  ),
  deviceWriteBps: list([['--device-write-bps'], 'DEVICE:RATE', 'Limit bytes written a second'], deviceRate('wbps'), {
    kind: 'files',
  }),
  deviceReadIops: list([['--device-read-iops'], 'DEVICE:RATE', 'Limit reads a second'], deviceRate('riops'), {
    kind: 'files',
  }),
  deviceWriteIops: list([['--device-write-iops'], 'DEVICE:RATE', 'Limit writes a second'], deviceRate('wiops'), {
    kind: 'files',
  }),
} as const;

/** What a sandbox may use of the machine, named as podman-run(1) names it. */
export const limitOptions = {
  ...groupLimitOptions,
  ulimit: list(
    [['--ulimit'], 'NAME=SOFT[:HARD]', 'Set a limit of each process (getrlimit(2)), such as nofile=1024'],
    parseUlimit,
    NOTHING,
  ),
  timeout: value([['--timeout'], 'SECONDS', 'Kill the sandbox after so long'], parseTimeout, NOTHING),
  limits: value(
    [['--limits'], 'required|best-effort', 'Whether it is an error where limits cannot be had (default: required)'],
    oneOf(ENFORCEMENTS),
    { kind: 'words', words: ENFORCEMENTS },
  ),
} as const;
