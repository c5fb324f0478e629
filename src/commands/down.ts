import { defineCommand } from './arguments/command.ts';

export const down = defineCommand({
  name: 'down',
  category: 'Projects',
  description: "Stop the project's services",
  operands: '[SERVICE…]',
  details: `
    Stops what \`sandbox up\` has started, from any terminal, in reverse order, and removes the sandboxes that the services
    ran in with what was written there. The project, volumes and the log stay. Where services are named only these are stopped,
    behind those that require them; the others go on.
  `,
  examples: [
    ['In the project', 'sandbox down'],
    ['One service anew', 'sandbox down web && sandbox up --detach web'],
  ],
  completion: { kind: 'names', of: ['services'] },
  takesCommand: false,
  options: {},
  rule: { limit: () => Number.POSITIVE_INFINITY, surplus: 'refused' },
  execute: async ({ operands }) => {
    const { stopServices, stopSome } = await import('./up/stop-services.ts');
    return operands.length === 0 ? await stopServices() : await stopSome(operands);
  },
});
