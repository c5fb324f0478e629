import { defineCommand } from './arguments/command.ts';

export const down = defineCommand({
  name: 'down',
  category: 'Projects',
  description: "Stop the project's services",
  operands: '',
  details: `
    Stops what \`sandbox up\` has started, from any terminal, in reverse order, and removes the sandboxes that the services
    ran in with what was written there. The project, volumes and the log stay.
  `,
  examples: [['In the project', 'sandbox down']],
  completion: { kind: 'nothing' },
  takesCommand: false,
  options: {},
  rule: { limit: () => 0, surplus: 'refused' },
  execute: async () => {
    const { stopServices } = await import('./up/stop-services.ts');
    return await stopServices();
  },
});
