import { note } from '../../ui/output.ts';
import { buildSpec, type SandboxRequest } from './build-spec.ts';
import { preparationProgress } from './preparation-progress.ts';
import { ownSurroundings } from './surroundings.ts';

/** Takes a request and becomes the sandbox: returns only by throwing, or with the status where Node had to stay. */
export async function start(request: SandboxRequest): Promise<number> {
  const { spec, notes } = buildSpec(request, ownSurroundings());
  for (const line of notes) note(line);
  const { startSandbox } = await import('../../sandbox/start.ts');
  // Variables that were asked for may be secrets.
  const keep = request.options.env.length === 0 && request.options.envFile.length === 0;
  return await startSandbox(spec, preparationProgress, { keep });
}
