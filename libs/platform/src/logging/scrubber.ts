/** What a scrubber puts in the place of what it takes out. */
const SECRET = '[secret]';
const PHONE = '[phone]';
const EMAIL = '[email]';

/** Shorter values would be found inside ordinary words and make lines unreadable. */
const MIN_SECRET_CHARACTERS = 8;

/** Names whose values are secret wherever they stand in text: query strings, form bodies, JSON inside a message. */
const SECRET_NAMES =
  'access_?token|refresh_?token|id_?token|auth_?token|service_?token|token|client_?secret|client_?assertion|assertion|' +
  'api_?key|api_?key_?secret|webhook_?key|secret|password|passwd|pwd|code_?verifier|signature|sig|' +
  'authorization|proxy-authorization|cookie|set-cookie';

/** `name=value`, as in queries and forms; also with the separators percent-encoded inside another URL. */
const NAMED_IN_TEXT = new RegExp(
  `(?<=[?&\\s"';,(]|%3F|%26|^)(${SECRET_NAMES})(=|%3D)[^&\\s"'\\\\,;)<>]+`,
  'gi',
);

/** OAuth's one-time values; their names are everyday words, so only inside a query. */
const NAMED_IN_QUERY = /(?<=[?&]|%3F|%26)(code|state)(=|%3D)[^&\s"'\\,;)<>]+/gi;

/** `"name":"` of a member with a text value, also where the JSON is escaped because it is inside a string itself. */
const NAMED_MEMBER = new RegExp(`(?<!\\\\)(\\\\*)"(?:${SECRET_NAMES})\\1"\\s*:\\s*\\1"`, 'gi');

/** The credentials of an Authorization header. */
const CREDENTIALS = /\b(bearer|basic)(\s+|%20)[A-Za-z0-9._~+/=-]{8,}/gi;

/** A signed or encrypted JSON web token: two to four dots after a base64url header. */
const WEB_TOKEN = /\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,4}/g;

/** User name and password of a URL. */
const USER_INFO = /(:\/\/)[^/\s"@\\?#]*@/g;

/** E.164 and its usual ways of writing: 8 to 15 digits after a plus, no leading zero (so no zone offset like +0100). */
const PHONE_NUMBER = /(?:\+|%2B)[1-9](?:[ .()\u00a0/-]{0,2}\d){7,14}(?!\d)/gi;

/** Tried only where a run of its characters begins, so that long runs without an address cost their length and no more. */
const EMAIL_ADDRESS =
  /(?<![A-Za-z0-9._%+'-])[A-Za-z0-9._%+'-]+(?:@|%40)(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}/gi;

/**
 * Takes secrets and personal data out of text by their value, wherever they stand: registered secrets, credentials of
 * Authorization headers, web tokens, URLs' user info, values of tell-tale names, phone numbers in international form, e-mail
 * addresses. It works on finished log lines, so it reaches messages, stacks and nested fields alike, and keeps JSON valid.
 *
 * It is the second net, not the first: do not log what need not be logged. It cannot know a phone number in national form,
 * a person's name or a secret that nobody registered and that looks like a word.
 */
export class Scrubber {
  private readonly secrets = new Set<string>();

  /**
   * Registers a secret's value, for configuration and the like: each costs a search in every line, so short-lived access
   * tokens should rely on the patterns. Values under 8 characters are not searched for.
   */
  register(value: string): void {
    if (value.length < MIN_SECRET_CHARACTERS) return;
    this.secrets.add(value);
    // As it looks in a JSON string, and in a URL.
    this.secrets.add(JSON.stringify(value).slice(1, -1));
    this.secrets.add(encodeURIComponent(value.toWellFormed()));
  }

  /** The text without what must not be in it. */
  scrub(text: string): string {
    let clean = text;
    for (const secret of this.secrets) {
      if (clean.includes(secret)) clean = clean.replaceAll(secret, SECRET);
    }
    return scrubPatterns(clean);
  }
}

/** Cheap searches decide which expressions run at all: an ordinary line meets only them. */
function scrubPatterns(text: string): string {
  let clean = text;
  if (HINTS.test(clean)) {
    clean = scrubMembers(clean)
      .replace(CREDENTIALS, `$1$2${SECRET}`)
      .replace(WEB_TOKEN, SECRET)
      .replace(NAMED_IN_TEXT, `$1$2${SECRET}`)
      .replace(NAMED_IN_QUERY, `$1$2${SECRET}`);
  }
  const encoded = clean.includes('%');
  if (clean.includes('@') || encoded)
    clean = clean.replace(USER_INFO, `$1${SECRET}@`).replace(EMAIL_ADDRESS, EMAIL);
  if (clean.includes('+') || encoded) clean = clean.replace(PHONE_NUMBER, PHONE);
  return clean;
}

/** Replaces the text values of JSON members with tell-tale names. */
function scrubMembers(text: string): string {
  let clean = '';
  let copied = 0;
  for (const match of text.matchAll(NAMED_MEMBER)) {
    if (match.index < copied) continue;
    const start = match.index + match[0].length;
    const end = endOfString(text, start, match[1]?.length ?? 0);
    if (end === start) continue;
    clean += text.slice(copied, start) + SECRET;
    copied = end;
  }
  return copied === 0 ? text : clean + text.slice(copied);
}

/**
 * Where the JSON string that begins at `start` ends. A quote of the n-th level of nesting is preceded by 2^n - 1 backslashes
 * (`marks`), after whole backslashes of the content; so the trailing one bits of their number tell its level. A quote of an
 * outer level ends the string too: the inner text was cut off.
 */
function endOfString(text: string, start: number, marks: number): number {
  for (let quote = text.indexOf('"', start); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let before = quote;
    while (before > start && text[before - 1] === '\\') before--;
    const run = quote - before;
    const found = run & ~(run + 1);
    if (found <= marks) return quote - found;
  }
  return text.length;
}

/** Whether a line can match one of the patterns about credentials and names. */
const HINTS =
  /bearer|basic|eyJ|token|secret|assertion|api_?key|webhook_?key|passw|pwd|code|state|sig|authoriz|cookie/i;
