import { flag, list, value } from '../arguments/option.ts';
import { parseCapabilities } from './capability.ts';
import { parseDevice } from './device.ts';
import { parsePorts } from './port.ts';
import { parseProfileName } from './profile.ts';
import { parseSecret } from './secret.ts';
import { parseSecurityOpt } from './security-opt.ts';

const NO_COMPLETION = { kind: 'nothing' } as const;

/** How closely a command is held, and what of the session it is shown. */
export const securityOptions = {
  profile: value(
    [['--profile'], 'NAME', 'How closely the command is held: dev, strict, or one of config.toml'],
    parseProfileName,
    { kind: 'words', words: ['dev', 'strict'] },
  ),
  securityOpt: list(
    [['--security-opt'], 'OPTION', 'seccomp=FILE|dev|strict|unconfined, 32bit=allow|refuse, no-new-privileges'],
    parseSecurityOpt,
    {
      kind: 'words',
      words: [
        'seccomp=dev',
        'seccomp=strict',
        'seccomp=unconfined',
        '32bit=allow',
        '32bit=refuse',
        'no-new-privileges',
      ],
    },
  ),
  capAdd: list(
    [['--cap-add'], 'CAP|ALL', 'Let root inside have a capability besides'],
    parseCapabilities,
    NO_COMPLETION,
  ),
  capDrop: list(
    [['--cap-drop'], 'CAP|ALL', 'Take a capability away from root inside'],
    parseCapabilities,
    NO_COMPLETION,
  ),
  connectTcp: list(
    [['--connect-tcp'], 'PORT[,PORT…]', 'Let TCP connections go to these ports only (Landlock)'],
    parsePorts,
    NO_COMPLETION,
  ),
  bindTcp: list(
    [['--bind-tcp'], 'PORT[,PORT…]', 'Let servers listen on these TCP ports only (Landlock)'],
    parsePorts,
    NO_COMPLETION,
  ),
  device: list([['--device'], 'SRC[:DST]', 'Show a device of the host inside, or those in a directory'], parseDevice, {
    kind: 'files',
  }),
  secret: list(
    [
      ['--secret'],
      'NAME[=FILE|env:VAR]',
      'Put a secret into /run/secrets/NAME: the variable NAME, a file, or a variable',
    ],
    parseSecret,
    { kind: 'variables' },
  ),
  sshAgent: flag(['--ssh-agent'], 'Let the command sign with the keys in your ssh-agent'),
  gpgAgent: flag(['--gpg-agent'], 'Let the command sign and decrypt with the keys in your gpg-agent'),
  dbus: flag(['--dbus'], 'Let the command talk to your session bus, which can start anything outside'),
  wayland: flag(['--wayland'], 'Let the command open windows on your Wayland desktop'),
  x11: flag(['--x11'], 'Let the command use your X display, every key and window included'),
  audio: flag(['--audio'], 'Let the command play and record sound'),
  gpu: flag(['--gpu'], 'Let the command use the graphics processors'),
} as const;
