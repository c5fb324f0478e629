import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseCapabilities } from '../../../src/commands/options/capability.ts';
import { parseDevice } from '../../../src/commands/options/device.ts';
import { parsePorts } from '../../../src/commands/options/port.ts';
import { parseSecret } from '../../../src/commands/options/secret.ts';
import { parseSecurityOpt } from '../../../src/commands/options/security-opt.ts';
import { CAPABILITIES } from '../../../src/linux/constants/capability.ts';
import { anyText, parsesOrRefuses, refuses } from './refusal.ts';

describe('--cap-add and --cap-drop', () => {
  it('take names with and without CAP_, in any case, several, and ALL', () => {
    assert.deepEqual(parseCapabilities('NET_RAW'), ['CAP_NET_RAW']);
    assert.deepEqual(parseCapabilities('cap_net_raw,Chown'), ['CAP_NET_RAW', 'CAP_CHOWN']);
    assert.deepEqual(parseCapabilities('all'), CAPABILITIES);
  });
  it('refuse others', () => {
    refuses(parseCapabilities, /^expected a capability/, ['', 'CAP_', 'NET_ROW', 'CHOWN,', 'CAP_ALL']);
    assert.throws(() => parseCapabilities('NET_ROW'), { hint: 'did you mean NET_RAW?' });
  });
});

describe('--connect-tcp and --bind-tcp', () => {
  it('take ports, or none', () => {
    assert.deepEqual(parsePorts('443'), [443]);
    assert.deepEqual(parsePorts('1,65535'), [1, 65_535]);
    assert.deepEqual(parsePorts('none'), []);
  });
  it('refuse others', () =>
    refuses(parsePorts, /^expected ports/, ['', '0', '65536', '-1', '80;81', '80,', '1e3', 'http']));
});

describe('--device', () => {
  it('takes a device, its place inside, and what podman says may be done', () => {
    const kvm = { unsafeSource: '/dev/kvm', destination: '/dev/kvm' };
    for (const text of ['/dev/kvm', '/dev/kvm:rwm', '/dev/kvm:/dev/kvm', '/dev/kvm:/dev/kvm:rw']) {
      assert.deepEqual(parseDevice(text), kvm);
    }
    assert.deepEqual(parseDevice('/dev/a:/b/../c'), { unsafeSource: '/dev/a', destination: '/c' });
  });
  it('refuses others', () => {
    refuses(parseDevice, /^expected/, [
      '',
      'kvm',
      '/dev/kvm:r',
      '/dev/kvm:/x:m',
      '/dev/kvm:/x:rwx',
      '/dev/kvm:/:rw',
      '/a:/b:rw:rw',
    ]);
  });
});

describe('--secret', () => {
  it('takes a variable’s name, a file, or a variable under another name', () => {
    assert.deepEqual(parseSecret('TOKEN'), { name: 'TOKEN', source: { kind: 'variable', name: 'TOKEN' } });
    assert.deepEqual(parseSecret('key=./a=b'), { name: 'key', source: { kind: 'file', unsafePath: './a=b' } });
    assert.deepEqual(parseSecret('key=env:A'), { name: 'key', source: { kind: 'variable', name: 'A' } });
  });
  it('refuses what is no name of a file, and does not repeat what may be a secret', () => {
    refuses(parseSecret, /^expected NAME/, ['', '=x', '../x=y', 'a/b', '.x', 'a,type=env', 'x=', 'x=env:', 'a b=c']);
    assert.throws(
      () => parseSecret('a b=hunter2'),
      (error: unknown) => !String(error).includes('hunter2'),
    );
  });
});

describe('--security-opt', () => {
  it('takes podman’s forms', () => {
    assert.deepEqual(parseSecurityOpt('seccomp=unconfined'), { kind: 'seccomp', name: 'unconfined' });
    assert.deepEqual(parseSecurityOpt('seccomp=strict'), { kind: 'seccomp', name: 'strict' });
    assert.deepEqual(parseSecurityOpt('seccomp=./p=1.json'), { kind: 'seccompFile', unsafePath: './p=1.json' });
    assert.deepEqual(parseSecurityOpt('32bit=refuse'), { kind: 'foreignCalls', value: 'refused' });
    for (const text of ['no-new-privileges', 'no-new-privileges:true', 'no-new-privileges=true']) {
      assert.deepEqual(parseSecurityOpt(text), { kind: 'nothing' });
    }
  });
  it('refuses what it cannot do, and says why', () => {
    refuses(parseSecurityOpt, /cannot be switched off/, ['no-new-privileges=false', 'no-new-privileges=0']);
    refuses(parseSecurityOpt, /SELinux and AppArmor/, ['label=disable', 'apparmor=unconfined']);
    refuses(parseSecurityOpt, /cannot be chosen/, ['mask=/proc/x', 'unmask=ALL', 'systempaths=unconfined']);
    refuses(parseSecurityOpt, /^expected/, ['', 'seccomp', 'seccomp=', 'secomp=x', '32bit', '32bit=yes']);
    assert.throws(() => parseSecurityOpt('secomp=x'), { hint: 'did you mean "seccomp"?' });
  });
});

it('every parser gives a value or a UsageError', () => {
  for (const parse of [parseCapabilities, parsePorts, parseDevice, parseSecret, parseSecurityOpt]) {
    fc.assert(fc.property(anyText, (text) => parsesOrRefuses(parse, text)));
  }
});
