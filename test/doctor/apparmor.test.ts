import assert from 'node:assert/strict';
import { test } from 'node:test';
import { APPARMOR_FILE, appArmorProfile, checkAppArmor } from '../../src/doctor/apparmor.ts';
import { dataProbe } from './data-probe.ts';

const RESTRICTED = {
  '/proc/sys/kernel/apparmor_restrict_unprivileged_userns': '1\n',
  '/proc/self/attr/current': 'unconfined\n',
};

test('the profile as it is installed', () => {
  assert.equal(
    appArmorProfile('/usr/local/bin/sandbox'),
    `# Lets sandbox make user namespaces; it is not confined in any other way.
abi <abi/4.0>,
include <tunables/global>

profile sandbox "/usr/local/bin/sandbox" flags=(unconfined) {
  userns,

  include if exists <local/sandbox>
}
`,
  );
});

test('a path of pattern characters stands for itself only', () => {
  assert.match(
    appArmorProfile('/home/a b/[x]*/{y,z}'),
    /^profile sandbox "\/home\/a b\/\\\[x\\\]\\\*\/\\\{y\\,z\\\}" /m,
  );
});

test('a program without a profile gets the file and the commands', () => {
  const [finding] = checkAppArmor(dataProbe({ files: RESTRICTED }));
  assert.equal(finding?.state, 'error');
  assert.equal(finding?.file?.path, APPARMOR_FILE);
  assert.equal(finding?.file?.content, appArmorProfile('/home/ann/bin/sandbox'));
  const commands = `sudo tee ${APPARMOR_FILE} <<'EOF'\n${finding?.file?.content}EOF\nsudo apparmor_parser --replace ${APPARMOR_FILE}`;
  assert.equal(finding?.remedy, commands);
});

test('an installed profile that is not loaded is to be loaded', () => {
  const files = { ...RESTRICTED, [APPARMOR_FILE]: appArmorProfile('/home/ann/bin/sandbox') };
  const [finding] = checkAppArmor(dataProbe({ files }));
  assert.match(finding?.detail ?? '', /not in force/);
  assert.equal(finding?.remedy, `sudo apparmor_parser --replace ${APPARMOR_FILE}`);
});

test('a profile for another path is to be replaced', () => {
  const files = { ...RESTRICTED, [APPARMOR_FILE]: appArmorProfile('/old/sandbox') };
  const [finding] = checkAppArmor(dataProbe({ files }));
  assert.match(finding?.detail ?? '', /another path/);
  assert.match(finding?.remedy ?? '', /sudo tee/);
});

test('with the profile in force all is well', () => {
  const files = { ...RESTRICTED, '/proc/self/attr/current': 'sandbox (unconfined)\n\0' };
  const [finding] = checkAppArmor(dataProbe({ files }));
  assert.equal(finding?.state, 'ok');
  assert.match(finding?.detail ?? '', /sandbox \(unconfined\)/);
});
