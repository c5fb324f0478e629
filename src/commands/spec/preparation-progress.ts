/** The first sandbox on a host, and the first after the host changed, takes seconds, which are not to look like a hang. */
export async function preparationProgress(): Promise<{ update: (entries: number) => void; end: () => void }> {
  const { startProgress } = await import('../../ui/progress.ts');
  const label = 'preparing the host image';
  const progress = startProgress({ label });
  return { update: (entries) => progress.update({ label: `${label}: ${entries} entries` }), end: progress.end };
}
