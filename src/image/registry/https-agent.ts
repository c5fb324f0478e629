import { readFileSync } from 'node:fs';
import { Agent, type AgentOptions } from 'node:https';
import type { Environment } from '../../config/config.ts';
import { ImageError } from '../error.ts';

/** Where distributions keep the certificates that they trust, in one file; Go's crypto/x509/root_linux.go. */
const BUNDLES: readonly string[] = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];
const PEM = '-----BEGIN CERTIFICATE-----';

/**
 * Trusts what other programs of this machine trust (`SSL_CERT_FILE`, or the distribution's bundle; Node's own list where
 * there is neither) and the configured certificates. Throws an ImageError for certificates that cannot be read.
 */
export function httpsAgent(
  options: AgentOptions,
  { insecure, certificates }: { readonly insecure: boolean; readonly certificates?: string | undefined },
  environment: Environment,
): Agent {
  if (insecure) return new Agent({ ...options, rejectUnauthorized: false });
  const system = systemCertificates(environment);
  if (certificates === undefined) return new Agent(system === undefined ? options : { ...options, ca: system });
  const own = readCertificates(certificates, 'config.toml names this file');
  // One with the rest: a `ca` of its own replaces Node's list.
  return new Agent({ ...options, ca: system === undefined ? [own] : [system, own] });
}

function systemCertificates({ SSL_CERT_FILE: configured }: Environment): string | undefined {
  if (configured !== undefined && configured !== '') {
    return readCertificates(configured, 'the variable SSL_CERT_FILE names this file');
  }
  for (const path of BUNDLES) {
    try {
      const text = readFileSync(path, 'utf8');
      if (text.includes(PEM)) return text;
    } catch {
      // Another distribution's.
    }
  }
  return undefined;
}

function readCertificates(path: string, hint: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ImageError('REGISTRY', `the certificates in ${path} cannot be read`, { hint, cause });
  }
  if (!text.includes(PEM)) throw new ImageError('REGISTRY', `${path} holds no certificate in PEM form`, { hint });
  return text;
}
