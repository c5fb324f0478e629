import { unexpected } from '../arguments/usage-error.ts';

/** Takes a sandbox's name, which is also a file's name in the store and podman's form of a name. Throws UsageError. */
export function parseSandboxName(text: string): string {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/.test(text)) {
    throw unexpected("a sandbox's name: up to 63 letters, digits, '_', '.' and '-', a letter or digit first", text);
  }
  return text;
}

/** Takes a host name: labels of RFC 1123 within the kernel's 64 bytes (gethostname(2), HOST_NAME_MAX). Throws UsageError. */
export function parseHostname(text: string): string {
  const label = /^[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?$/;
  if (text.length > 64 || !text.split('.').every((part) => part.length <= 63 && label.test(part))) {
    throw unexpected('a host name: letters, digits, and hyphens and dots between them, up to 64 in all', text);
  }
  return text;
}

/** Takes a sandbox's name and gives the host name nearest to it. */
export function hostnameFor(sandboxName: string): string {
  const labels = sandboxName.split('.').map((part) => part.replaceAll('_', '-').replace(/^-+|-+$/g, ''));
  return labels.filter((part) => part !== '').join('.') || 'sandbox';
}
