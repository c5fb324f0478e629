import { plainText } from '../unsafe-text.ts';
import { RequestFailure } from './failure.ts';

/** Error codes of Node's sockets, resolver and TLS, in words. */
function explain(code: string, host: string): { why: string; hint?: string; again?: 'yes' } | undefined {
  switch (code) {
    case 'ENOTFOUND':
      return {
        why: 'there is no such host',
        hint: 'check the name, and the network connection; an image without a registry comes from docker.io',
      };
    case 'EAI_AGAIN':
      return { why: 'the name cannot be looked up (no DNS server answers)', hint: 'check the network connection' };
    case 'ECONNREFUSED':
      return { why: 'nothing listens there', hint: 'check the name and the port, and that it runs' };
    case 'ENETUNREACH':
    case 'EHOSTUNREACH':
    case 'EADDRNOTAVAIL':
      return {
        why: 'there is no way to it',
        hint: 'check the network connection, and http_proxy where one is used',
      };
    case 'ETIMEDOUT':
      return { why: 'it does not answer', hint: 'check the network connection', again: 'yes' };
    case 'ECONNRESET':
    case 'ECONNABORTED':
    case 'EPIPE':
    case 'ERR_STREAM_PREMATURE_CLOSE':
      return { why: 'the connection was broken off', again: 'yes' };
    case 'ERR_PROXY_TUNNEL':
    case 'ERR_PROXY_INVALID_CONFIG':
      return { why: 'the proxy does not let it through', hint: 'check https_proxy and no_proxy' };
    case 'CERT_HAS_EXPIRED':
    case 'CERT_NOT_YET_VALID':
      return { why: 'its certificate is not valid now', hint: 'check the clock of this machine' };
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return { why: 'its certificate is for another name', hint: 'use the name that is in the certificate' };
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return {
        why: 'it does not talk https',
        hint: `if it is meant to be plain http, write in config.toml:\n[registries."${host}"]\ninsecure = true`,
      };
    default:
      break;
  }
  if (code.startsWith('HPE_')) return { why: 'it does not talk http' };
  if (/CERT|ISSUER|SIGNED|SIGNATURE/.test(code)) {
    return {
      why: 'its certificate is not trusted',
      hint: `name the certificate of its authority in config.toml:\n[registries."${host}"]\ncertificates = "/path/to/ca.pem"`,
    };
  }
  return undefined;
}

/** Takes what Node's client failed with and gives it as people and the retries understand it. */
export function transportFailure(error: unknown, host: string): RequestFailure {
  if (error instanceof RequestFailure) return error;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const known = explain(code, host);
  // With the code, its cause need not be told.
  const why =
    known === undefined ? plainText(error instanceof Error ? error.message : String(error)) : `${known.why} (${code})`;
  return new RequestFailure('REGISTRY', `${host}: ${why}`, {
    reason: code,
    again: known?.again ?? 'no',
    ...(known?.hint === undefined ? {} : { hint: known.hint }),
    cause: error,
  });
}

/** Whether the server may have expected the other one of http and https. */
export function isOtherProtocol({ reason }: RequestFailure): boolean {
  return /^(?:HPE_|EPROTO$|ERR_SSL_|ECONNRESET$)/.test(reason);
}
