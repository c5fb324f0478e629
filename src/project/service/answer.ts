const LOOK_MS = 100;
const ANSWER_MS = 5_000;
/** Of HTTP: what is below neither says that something is wrong nor that it is elsewhere than asked for. */
const ERRORS = 400;

/** Waits until a GET gives a status below 400. Rejects when `signal` is aborted. */
export async function untilAnswered(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    if (await isAnswered(url, signal)) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

async function isAnswered(url: string, signal: AbortSignal): Promise<boolean> {
  const { get } = url.startsWith('https:') ? await import('node:https') : await import('node:http');
  return await new Promise((resolve) => {
    const request = get(url, { signal, timeout: ANSWER_MS, agent: false }, ({ statusCode = ERRORS }) => {
      request.destroy();
      resolve(statusCode < ERRORS);
    });
    request.once('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
    request.once('close', () => resolve(false));
  });
}
