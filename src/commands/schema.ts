import { defineCommand } from './arguments/command.ts';

export const schema = defineCommand({
  name: 'schema',
  category: 'Projects',
  description: 'Print the JSON Schema of sandbox.toml, for editors',
  operands: '',
  details: `
    Editors that know JSON Schema for TOML (Taplo, and "Even Better TOML" of VS Code) complete keys, explain them and mark
    what is wrong. The first line of sandbox.toml tells them where the schema is:

      #:schema ./.sandbox/schema.json
  `,
  examples: [['Where the line above looks for it', 'sandbox schema > .sandbox/schema.json']],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: {},
  rule: { limit: () => 0, surplus: 'refused' },
  execute: async () => {
    const { schemaText } = await import('../project/schema/json-schema.ts');
    const { print } = await import('../ui/output.ts');
    print(schemaText());
    return 0;
  },
});
