import { isatty } from 'node:tty';
import { defineCommand } from './arguments/command.ts';
import { flag, value } from './arguments/option.ts';
import { UsageError, unexpected } from './arguments/usage-error.ts';
import { parseHostPath } from './options/path.ts';

/** A name with a colon cannot be told from its password: RFC 7617. */
function parseUsername(text: string): string {
  if (text === '' || text.includes(':')) throw unexpected('a user name, which has no colon', text);
  return text;
}

export const authFileOption = value(
  [['--authfile'], 'FILE', 'The file of credentials; $REGISTRY_AUTH_FILE if left out'],
  parseHostPath,
  { kind: 'files' },
);

export const login = defineCommand({
  name: 'login',
  category: 'Images',
  description: 'Log in to a registry',
  operands: '[REGISTRY]',
  details: `
    Asks for a user name and a password (or an access token), has the registry check them, and keeps them in
    $XDG_RUNTIME_DIR/containers/auth.json, where podman, buildah and skopeo find them too; it is gone after a reboot.
    Without REGISTRY it is docker.io. With REGISTRY/PATH they are used for the images below this path only.

    Logins of docker in ~/.docker/config.json, and the programs it names to keep them, are used as they are.
  `,
  examples: [
    ['Log in to docker.io', 'sandbox login'],
    ['In a script', 'sandbox login quay.io --username robot --password-stdin < token'],
  ],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: {
    username: value([['-u', '--username'], 'NAME', 'Do not ask for the user name'], parseUsername, { kind: 'nothing' }),
    passwordStdin: flag(['--password-stdin'], 'Read the password from standard input'),
    authfile: authFileOption,
  },
  rule: { limit: () => 1, surplus: 'refused' },
  execute: async ({ options, operands: [operand = 'docker.io'] }) => {
    if (options.passwordStdin && options.username === undefined) {
      throw new UsageError('--password-stdin: there is no user name', { hint: 'give it with --username NAME' });
    }
    if (!options.passwordStdin && !isatty(0)) {
      throw new UsageError('standard input is no terminal on which a password could be asked for', {
        hint: 'use --username NAME --password-stdin',
      });
    }
    const { parseLoginTarget, verifyLogin } = await import('../image/registry/login.ts');
    const target = parseLoginTarget(operand);
    const { loadConfig } = await import('../config/load.ts');
    const config = await loadConfig(process.env);
    const { ask, readPassword } = await import('./login/prompt.ts');
    const username = options.username ?? parseUsername(await ask(`User name for ${target.key}: `, { echo: true }));
    const password = options.passwordStdin ? await readPassword() : await ask('Password: ', { echo: false });
    if (password === '') throw new UsageError('the password is empty');

    const signal = new AbortController().signal;
    const verified = await verifyLogin(target, { username, password, config, environment: process.env, signal });
    const { authFilePath } = await import('../image/registry/auth-file.ts');
    const { storeLogin } = await import('../image/registry/auth-store.ts');
    const { resolve } = await import('node:path');
    const path = options.authfile === undefined ? authFilePath(process.env) : resolve(options.authfile);
    const place = await storeLogin(path, target, { username, password }, process.env);
    const { note, print } = await import('../ui/output.ts');
    if (!verified.asked) note(`${target.registry} asks for no login, so nothing was checked`);
    print(`logged in to ${target.key} as ${username} (${place})\n`);
    return 0;
  },
});
