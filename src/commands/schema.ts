import { defineCommand } from './arguments/command.ts';
import { flag } from './arguments/option.ts';

export const schema = defineCommand({
  name: 'schema',
  category: 'Projects',
  description: 'Print the JSON Schema of sandbox.toml, for editors',
  operands: '',
  details: `
    Editors that know JSON Schema for TOML (Taplo, and "Even Better TOML" of VS Code) complete keys, explain them and mark
    what is wrong. The first line of sandbox.toml tells them where the schema is:

      #:schema ./.sandbox/schema.json

    sandbox.local.toml has a schema of its own: nothing has to be in it, and nothing may be that makes other layers.
  `,
  examples: [
    ['Where the line above looks for it', 'sandbox schema > .sandbox/schema.json'],
    ['For your own settings', 'sandbox schema --local > .sandbox/local.schema.json'],
  ],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: { local: flag(['--local'], 'The schema of sandbox.local.toml') },
  rule: { limit: () => 0, surplus: 'refused' },
  execute: async ({ options }) => {
    const { schemaText } = await import('../project/schema/json-schema.ts');
    const { print } = await import('../ui/output.ts');
    print(schemaText(options.local ? 'sandbox.local.toml' : 'sandbox.toml'));
    return 0;
  },
});
