/**
 * Where the tests keep what outlives a run: on a real disk, and not in the home of whoever runs them. Root shares it with the
 * accounts of the tests; anyone else has a directory of the own.
 */
export const TEST_BASE = `/var/tmp/sandbox-test${process.getuid?.() === 0 ? '' : `-${process.getuid?.()}`}`;
