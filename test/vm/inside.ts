/** Where the machine has its copy of the built file. */
export const SANDBOX = '/usr/local/bin/sandbox';

/** Where the machine has the repository, read-only. */
export const REPOSITORY = '/srv/repository';
