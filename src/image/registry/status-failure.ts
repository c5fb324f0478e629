import type { IncomingMessage } from 'node:http';
import { plainText } from '../unsafe-text.ts';
import { type Again, RequestFailure } from './failure.ts';
import { readExplanation } from './limited-body.ts';
import type { Pace } from './pace.ts';

/** Longer than that nobody waits for a registry. */
const LONGEST_RETRY_AFTER = 60_000;

/** What was asked for, for messages. */
export interface Asked {
  /** `docker.io` */
  readonly registry: string;
  /** `docker.io/library/debian` */
  readonly name: string;
  /** `docker.io/library/debian:bookworm`, a blob's digest. */
  readonly thing: string;
  readonly kind: 'manifest' | 'blob' | 'token' | 'login';
  /** Whether the request carried credentials of the user. */
  readonly authenticated: boolean;
}

/** Gives milliseconds; RFC 9110, section 10.2.3: seconds, or a date. */
export function retryAfter(unsafeHeader: string | undefined, now: number): number | undefined {
  if (unsafeHeader === undefined) return undefined;
  if (/^\s*\d{1,9}\s*$/.test(unsafeHeader)) return Number(unsafeHeader) * 1000;
  const date = Date.parse(unsafeHeader);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** Takes the body of a failed request; OCI distribution spec, "Error Codes"; token services write `details`. */
export function errorTexts(body: Buffer): { readonly codes: readonly string[]; readonly message: string } {
  try {
    const unsafe: unknown = JSON.parse(body.toString('utf8'));
    const errors: unknown =
      typeof unsafe === 'object' && unsafe !== null && 'errors' in unsafe ? unsafe.errors : [unsafe];
    const codes: string[] = [];
    const messages: string[] = [];
    for (const error of Array.isArray(errors) ? errors.slice(0, 5) : []) {
      const { code, message, details } = Object(error) as Record<string, unknown>;
      if (typeof code === 'string') codes.push(plainText(code, 60));
      for (const text of [message, details]) if (typeof text === 'string') messages.push(plainText(text));
    }
    return { codes, message: plainText(messages.join('; ')) };
  } catch {
    const text = body.toString('utf8');
    // Pages for people are of no use here.
    return { codes: [], message: /^\s*</.test(text) ? '' : plainText(text) };
  }
}

function waitText(milliseconds: number): string {
  const minutes = Math.ceil(milliseconds / 60_000);
  return minutes > 120 ? `${Math.ceil(minutes / 60)} hours` : `${minutes} minutes`;
}

function rateLimited(asked: Asked, message: string, wait: number | undefined): RequestFailure {
  const login = asked.authenticated ? '' : `\`sandbox login ${asked.registry}\` gives a higher limit; `;
  const isPullLimit = /pull rate limit|toomanyrequests/i.test(message);
  const tooLong = wait !== undefined && wait > LONGEST_RETRY_AFTER;
  const again: Again =
    tooLong || (wait === undefined && isPullLimit) ? 'no' : wait === undefined ? 'yes' : { after: wait };
  const until = tooLong ? ` for ${waitText(wait)}` : '';
  return new RequestFailure(
    'DENIED',
    `${asked.registry} answers no more requests of yours${until} (429 too many requests)${message && `: ${message}`}`,
    { hint: `${login}a mirror in config.toml gets around it; or wait, and pull again`, again, reason: '429' },
  );
}

/** Takes an answer that is no success, reads what it says and gives the error for it. */
export async function statusFailure(response: IncomingMessage, asked: Asked, pace: Pace): Promise<RequestFailure> {
  const status = response.statusCode ?? 0;
  const { codes, message } = errorTexts(await readExplanation(response));
  const said = message === '' ? '' : `: ${message}`;
  const wait = retryAfter(response.headers['retry-after'], pace.now());
  const reason = String(status);
  const login = `sandbox login ${asked.registry}`;
  if (status === 429 || codes.includes('TOOMANYREQUESTS')) return rateLimited(asked, message, wait);
  if (asked.kind === 'login' && (status === 401 || status === 403)) {
    return new RequestFailure(
      'DENIED',
      `${asked.registry} does not accept the username and password (${status})${said}`,
      {
        hint: `many registries want an access token instead of the password; \`sandbox logout ${asked.registry}\` forgets them`,
        reason,
      },
    );
  }
  if (status === 401) {
    return new RequestFailure('DENIED', `${asked.registry} gives no access to ${asked.name} (401)${said}`, {
      hint: asked.authenticated
        ? `there is no such image, or your account may not pull it; \`${login}\` for another account`
        : `there is no such image, or it is private: check the name, or \`${login}\``,
      reason,
    });
  }
  if (status === 403) {
    return new RequestFailure('DENIED', `${asked.registry} forbids access to ${asked.thing} (403)${said}`, {
      hint: asked.authenticated ? `your account may not pull it; \`${login}\` for another account` : `try \`${login}\``,
      reason,
    });
  }
  if (status === 404) {
    const noName = codes.includes('NAME_UNKNOWN');
    const what = noName
      ? `no image ${asked.name}`
      : asked.kind === 'blob'
        ? `no blob ${asked.thing}`
        : `no ${asked.thing}`;
    const hint =
      asked.kind === 'blob' ? 'the image is damaged there; have it pushed again' : 'check the name and the tag';
    return new RequestFailure('NO_IMAGE', `${asked.registry} has ${what}`, { hint, reason });
  }
  const passing = status === 408 || status === 425 || status >= 500;
  const tooLong = wait !== undefined && wait > LONGEST_RETRY_AFTER;
  const again: Again = !passing || tooLong || status === 501 ? 'no' : wait === undefined ? 'yes' : { after: wait };
  return new RequestFailure('REGISTRY', `${asked.registry} answers ${status} for ${asked.thing}${said}`, {
    again,
    reason,
    ...(status >= 500 ? { hint: 'the registry is in trouble; try later' } : {}),
  });
}
