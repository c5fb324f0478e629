import type { Outline } from '../../../project/outline.ts';
import type { Served } from '../../up/with-services.ts';
import type { CommandWishes } from './here.ts';
import { inOrder } from './order.ts';

/** Gives the names of the services that a command, or one that it requires, wants to be up. Throws a ProjectError. */
export function servicesOf(outline: Pick<Outline, 'commands'>, name: string): string[] {
  return [...new Set(inOrder(outline, name).flatMap(({ services }) => services))];
}

/** Does work while the services of a command are up, as `withServices` has it; without any nothing of them is loaded. */
export async function withServicesOf(
  outline: Outline,
  { name, frozen, options: { quiet } }: CommandWishes,
  work: (served: Served) => Promise<number>,
): Promise<number> {
  const services = servicesOf(outline, name);
  if (services.length === 0) return await work({ leave: true });
  const [{ loadProject }, { withServices }] = await Promise.all([
    import('../../../project/load.ts'),
    import('../../up/with-services.ts'),
  ]);
  return await withServices(await loadProject(outline.directory), services, { frozen, quiet }, work);
}
