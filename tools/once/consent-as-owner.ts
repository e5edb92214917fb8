/**
 * Follows an operator's connect link (`POST /connect-links`) through a double's consent page and back, as the owner's browser would,
 * and ticks the organisations (the vendor's account ids) there.
 */
export async function consentAsOwner(link: string, organisations: readonly string[]): Promise<void> {
  const cookies = new Map<string, string>();
  const start = link.replace(/(\/connect\/[a-z-]+)\?/, '$1/authorise?');
  for (let url: string | undefined = start; url !== undefined;) {
    // What is not token-broker's is the vendor's page.
    const onConsentPage = new URL(url).port !== new URL(link).port;
    // Xero takes localhost for tests but not 127.0.0.1, where the services listen.
    const response: Response = await fetch(url.replace('//localhost:', '//127.0.0.1:'), {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(onConsentPage ? { method: 'POST', body: allow(organisations) } : {}),
    });
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(response.headers.get('set-cookie') ?? '') ?? [];
    if (name !== undefined && value !== undefined) cookies.set(name, value);
    await response.body?.cancel();
    const location = response.headers.get('location');
    url = location === null ? undefined : new URL(location, url).href;
  }
}

function allow(organisations: readonly string[]): URLSearchParams {
  const ticked = organisations.map((organisation): [string, string] => ['organisation', organisation]);
  return new URLSearchParams([['decision', 'allow'], ...ticked]);
}
