import { join } from 'node:path';

export const repository = join(import.meta.dirname, '..');
export const cacheDirectory = join(repository, '.cache');
export const distDirectory = join(repository, 'dist');
