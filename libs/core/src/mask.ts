/** A phone number as it may be shown in trails: the country part and the last two digits, e.g. `+44•••••••56`. */
export function maskPhone(phone: string): string {
  if (phone.length < 7) return '•'.repeat(phone.length);
  return `${phone.slice(0, 3)}${'•'.repeat(phone.length - 5)}${phone.slice(-2)}`;
}

/** An e-mail address as it may be shown in trails: the first letter and the domain, e.g. `a•••@example.com`. */
export function maskEmail(address: string): string {
  const at = address.lastIndexOf('@');
  return at < 1 ? '•••' : `${address.slice(0, 1)}•••${address.slice(at)}`;
}
