// The form that browsers accept in an e-mail field (WHATWG HTML, "valid e-mail address"), with a dot in the domain.
const ADDRESS =
  /^[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)+$/i;
const MAX_LENGTH = 254;

/**
 * The address as it is sent to: trimmed, its domain in lower case. Of several in one field the first is taken. Null when
 * it is not a valid address; whether anybody reads it is not known here.
 */
export function normaliseEmail(text: string): string | null {
  const [first = ''] = text.trim().split(/[\s,;]+/);
  if (first.length > MAX_LENGTH || !ADDRESS.test(first) || first.startsWith('.') || first.includes('..'))
    return null;
  const at = first.lastIndexOf('@');
  return first[at - 1] === '.' ? null : `${first.slice(0, at)}${first.slice(at).toLowerCase()}`;
}
