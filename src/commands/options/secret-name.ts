/** Words of names, and the ends of words, that say what is kept from others. */
const WORDS = new Set([
  'APIKEY',
  'APITOKEN',
  'AUTH',
  'COOKIE',
  'COOKIES',
  'CREDENTIAL',
  'CREDENTIALS',
  'CREDS',
  'PASS',
  'PRIVATE',
  'SECRETS',
  'SOCK',
  'TOKENS',
  'XAUTHORITY',
]);
const ENDS = ['TOKEN', 'SECRET', 'PASSWORD', 'PASSWD', 'PASSPHRASE', 'PASSCODE', 'APIKEY'];
const WHOLE = new Set(['DBUS_SESSION_BUS_ADDRESS', 'GPG_AGENT_INFO', 'SSHPASS']);
/** Of programs whose every variable may be part of a login. */
const PREFIXES = ['AWS_'];

/** Whether a variable looks like a secret, or like the way to an agent: by the words of its name, or a login in its URL. */
export function looksSecret(name: string, value: string): boolean {
  const upper = name.toUpperCase();
  const words = upper.split(/[^A-Z0-9]+/);
  if (WHOLE.has(upper) || PREFIXES.some((prefix) => upper.startsWith(prefix))) return true;
  if (words.some((word) => WORDS.has(word) || ENDS.some((end) => word.endsWith(end)))) return true;
  // SSH_KEY, but not the KEY that a program calls its shortcut by; MYSQL_PWD, but not PWD.
  if (words.length > 1 && ['KEY', 'KEYS'].includes(words.at(-1) ?? '')) return true;
  if (words.length > 1 && words.includes('PWD')) return true;
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s@]*:[^/?#\s@]+@/i.test(value);
}
