import { defineCommand } from './arguments/command.ts';
import { flag } from './arguments/option.ts';
import { UsageError } from './arguments/usage-error.ts';
import { authFileOption } from './login.ts';

export const logout = defineCommand({
  name: 'logout',
  category: 'Images',
  description: 'Forget the login to a registry',
  operands: '[REGISTRY]',
  details: `
    Removes what \`sandbox login\` keeps (docker.io without REGISTRY). It tells where else credentials for the registry are
    found, docker's own for instance; those stay.
  `,
  examples: [['Forget every login', 'sandbox logout --all']],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: { all: flag(['-a', '--all'], 'Every registry in the file'), authfile: authFileOption },
  rule: { limit: () => 1, surplus: 'refused' },
  execute: async ({ options, operands }) => {
    const [operand] = operands;
    if (options.all && operand !== undefined) throw new UsageError('--all: expected no registry besides it');
    const { authFilePath } = await import('../image/registry/auth-file.ts');
    const { otherLogins, removeAllLogins, removeLogin } = await import('../image/registry/auth-store.ts');
    const { resolve } = await import('node:path');
    const { note, print } = await import('../ui/output.ts');
    const path = options.authfile === undefined ? authFilePath(process.env) : resolve(options.authfile);
    if (options.all) {
      const keys = removeAllLogins(path);
      for (const key of keys) print(`${key}\n`);
      if (keys.length === 0) note(`there is no login in ${path}`);
      return 0;
    }
    const { parseLoginTarget } = await import('../image/registry/login.ts');
    const target = parseLoginTarget(operand ?? 'docker.io');
    const wasThere = await removeLogin(path, target, process.env);
    const others = options.authfile === undefined ? otherLogins(path, target, process.env) : [];
    for (const other of others) note(`there still are credentials for ${target.key} in ${other}`);
    if (wasThere) {
      print(`logged out of ${target.key}\n`);
      return 0;
    }
    if (others.length > 0) return 1;
    const { ImageError } = await import('../image/error.ts');
    throw new ImageError('CREDENTIALS', `there is no login to ${target.key} in ${path}`);
  },
});
