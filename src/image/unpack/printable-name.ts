const LONGEST = 200;

/** Takes a name from an archive, bytes in Latin-1, and gives it for a message: quoted, printable, and not too long. */
export function printableName(name: string): string {
  const text = Buffer.from(name.slice(0, LONGEST), 'latin1').toString('utf8');
  // JSON escapes what is below U+0020; the rest of what moves a cursor or turns the direction around is escaped here.
  const quoted = JSON.stringify(text).replace(
    /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffd]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return name.length > LONGEST ? `${quoted.slice(0, -1)}…" (${name.length} bytes)` : quoted;
}
