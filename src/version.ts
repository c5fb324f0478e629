/** The version of package.json, which a test holds it to: reading that file would cost a start-up more than it is worth. */
export const VERSION = '0.1.0';
