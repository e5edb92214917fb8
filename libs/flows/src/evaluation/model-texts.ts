const MAX_TEXT_CHARS = 500;

// oxlint-disable-next-line no-control-regex -- control characters are exactly what is looked for here
const BREAKS_AND_CONTROLS = /[\s\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
/** Characters that turn the direction of what follows and could make a text read as another. */
const DIRECTION_OVERRIDES = /[\u202a-\u202e\u2066-\u2069]/g;

/** Text of the books as one bounded line, so that a customer's name cannot add lines or reorder a message. */
export function clean(text: string | null): string | null {
  if (text === null) return null;
  return text
    .slice(0, MAX_TEXT_CHARS)
    .replace(DIRECTION_OVERRIDES, '')
    .replace(BREAKS_AND_CONTROLS, ' ')
    .trim()
    .toWellFormed();
}

/** Only what a browser opens as a page; `javascript:` and the like never become a link. */
export function webAddress(text: string | null): string | null {
  return text !== null && /^https?:\/\/[^\s"'<>]+$/i.test(text) ? text : null;
}
