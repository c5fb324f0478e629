/**
 * Does work that may pull an image, and gives its status, or that of the signal that ended it: Ctrl-C is no failure that needs
 * words. By the error's code: its class exists once in each script of the executable.
 */
export async function orInterrupted(work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'INTERRUPTED' && 'status' in error) {
      return Number(error.status);
    }
    throw error;
  }
}
