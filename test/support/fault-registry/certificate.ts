import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';

export interface Certificate {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  /** Of a file with `cert`, while the test runs. */
  readonly path: string;
}

/** Makes a certificate for the loopback addresses that is its own issuer; openssl(1). */
export async function makeCertificate(t: Pick<TestContext, 'after'>): Promise<Certificate> {
  const directory = mkdtempSync(join(tmpdir(), 'certificate-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const path = join(directory, 'cert.pem');
  const keyPath = join(directory, 'key.pem');
  const names = 'subjectAltName=IP:127.0.0.1,IP:127.0.0.2,IP:::1,DNS:localhost';
  const words = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const files = ['-subj', '/CN=registry of the tests', '-addext', names, '-keyout', keyPath, '-out', path];
  await promisify(execFile)('openssl', [...words, ...files]);
  return { cert: readFileSync(path, 'utf8'), key: readFileSync(keyPath, 'utf8'), path };
}
