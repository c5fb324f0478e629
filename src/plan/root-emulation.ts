import type { SetupOp } from '../launch/operations.ts';
import type { Identity } from './identity.ts';

/**
 * apt changes to the user _apt to download, and makes sure that it did: apt-pkg/contrib/fileutl.cc, DropPrivileges. With
 * one id it cannot. The name puts the file behind what says otherwise: apt.conf(5), "DESCRIPTION".
 */
const APT_SETTING = { path: '/etc/apt/apt.conf.d/99sandbox-one-id', content: 'APT::Sandbox::User "root";\n' };

/** Gives what programs have to be told so that root with a single id is good enough for them. */
export function planRootEmulation({ emulateRoot }: Identity): SetupOp[] {
  if (!emulateRoot) return [];
  // Optional, as every bound content is: without apt there is no such directory.
  return [
    { op: 'makeFile', path: APT_SETTING.path },
    { op: 'bindContent', name: 'apt.conf', content: APT_SETTING.content, target: APT_SETTING.path },
  ];
}
