import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseArguments } from '../../../src/commands/arguments/parse-arguments.ts';
import { UsageError } from '../../../src/commands/arguments/usage-error.ts';
import { limitOptions } from '../../../src/commands/options/limit-options.ts';
import { hardLimit, limitsOf } from '../../../src/commands/spec/limits.ts';

const rule = { limit: () => 0, surplus: 'refused' } as const;
const limits = (...words: string[]) => limitsOf(parseArguments(limitOptions, rule, words).options);
const refused = (pattern: RegExp, ...words: string[]) =>
  assert.throws(
    () => limits(...words),
    (error) => error instanceof UsageError && pattern.test(`${error.message} ${error.hint ?? ''}`),
    words.join(' '),
  );

describe('limits', () => {
  it('are none unless they are asked for', () => {
    assert.deepEqual(limits(), { resourceLimits: [] });
  });

  it('are required where they were asked for, and best effort on request', () => {
    assert.deepEqual(limits('-m', '512m').limits, { memory: 2 ** 29, enforcement: 'required' });
    assert.deepEqual(limits('--memory=1g', '--limits', 'best-effort').limits, {
      memory: 2 ** 30,
      enforcement: 'bestEffort',
    });
  });

  it('may be no more than a control group', () => {
    assert.deepEqual(limits('--limits', 'required').limits, { enforcement: 'required' });
    assert.deepEqual(limits('--limits', 'best-effort').limits, { enforcement: 'bestEffort' });
  });

  it('of a profile give way to those asked for, and are not required themselves', () => {
    const { options } = parseArguments(limitOptions, rule, []);
    assert.deepEqual(limitsOf(options, { pids: 100 }).limits, { pids: 100, enforcement: 'bestEffort' });
    const asked = parseArguments(limitOptions, rule, ['--pids-limit', '5']).options;
    assert.deepEqual(limitsOf(asked, { pids: 100, cpus: 2 }).limits, { pids: 5, cpus: 2, enforcement: 'required' });
  });

  it("take podman's units", () => {
    assert.equal(limits('--cpu-shares', '1024').limits?.cpuWeight, 39);
    assert.equal(limits('--cpu-shares', '2').limits?.cpuWeight, 1);
    assert.equal(limits('--cpu-shares', '262144').limits?.cpuWeight, 10_000);
    assert.equal(limits('--blkio-weight', '10').limits?.ioWeight, 1);
    assert.equal(limits('--blkio-weight', '1000').limits?.ioWeight, 10_000);
    assert.equal(limits('--pids-limit', '0').limits?.pids, -1);
    assert.deepEqual(limits('--device-read-bps', '/dev/sda:10mb').limits?.deviceRates, [
      { device: '/dev/sda', kind: 'rbps', rate: 10 * 2 ** 20 },
    ]);
    assert.equal(limits('--timeout', '0').timeout, undefined);
    assert.equal(limits('--timeout', '1.5').timeout, 1.5);
  });

  it('of processes are names of getrlimit(2)', () => {
    const one = (text: string) => limits('--ulimit', text).resourceLimits;
    assert.deepEqual(one('core=0'), [{ name: 'CORE', soft: 0, hard: 0 }]);
    assert.deepEqual(one('RLIMIT_NOFILE=10:20'), [{ name: 'NOFILE', soft: 10, hard: 20 }]);
    assert.deepEqual(one('host'), []);
    assert.deepEqual(limits('--ulimit', 'core=1', '--ulimit', 'core=0').resourceLimits.length, 1);
  });

  it('are refused where they make no sense', () => {
    refused(/at least 512k/, '-m', '4k');
    refused(/memory and swap together/, '--memory-swap', '1g');
    refused(/at least as much as --memory/, '-m', '1g', '--memory-swap', '512m');
    refused(/number of processors/, '--cpus', '0');
    refused(/weight from 1 to 10000/, '--cpu-weight', '0');
    refused(/same in two units/, '--cpu-weight', '5', '--cpu-shares', '5');
    refused(/DEVICE:RATE/, '--device-write-iops', 'sda');
    refused(/did you mean nofile/, '--ulimit', 'nofiles=3');
    refused(/not above its hard one/, '--ulimit', 'nofile=30:20');
    refused(/seconds/, '--timeout', 'soon');
  });

  it('may not be raised above the own hard limits', () => {
    const own =
      'Limit                     Soft Limit           Hard Limit           Units     \n' +
      'Max processes             96000                97000                processes \n' +
      'Max open files            1024                 20000                files     \n' +
      'Max cpu time              unlimited            unlimited            seconds   \n';
    assert.equal(hardLimit(own, 'NOFILE'), 20_000);
    assert.equal(hardLimit(own, 'NPROC'), 97_000);
    assert.equal(hardLimit(own, 'CPU'), -1);
    refused(/may not be raised above/, '--ulimit', 'nofile=999999999999');
  });
});
