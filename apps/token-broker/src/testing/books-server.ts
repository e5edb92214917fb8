import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

/** How the vendor treats its next requests. */
export interface BooksHabits {
  /** How long a replaced refresh token still works, counted from its replacement by the server's clock. */
  graceMs: number;
  /** Presenting a replaced token beyond the grace ends the whole family (RFC 9700 section 4.14.2). */
  revokesOnReuse: boolean;
  /** Waits before answering the token endpoint, in real time. */
  delayMs: number;
  /** Refreshes are not answered before this; undefined = at once. */
  heldUntil: Promise<void> | undefined;
  /** Token requests that are answered by closing the socket after the rotation has happened. */
  loseAnswers: number;
  /** Token requests that are answered so, without anything happening. */
  failNext: { status: number; error: string }[];
}

interface Family {
  /** The refresh token that is good now. */
  current: string;
  /** Replaced tokens and when they were. */
  readonly replaced: Map<string, number>;
  accessToken: string;
  revoked: boolean;
  accounts: { id: string; name: string; handle: string }[];
}

/** A vendor's identity server and account list over a real socket, with the refresh rules that matter here. */
export class BooksServer {
  readonly habits: BooksHabits = {
    graceMs: 0,
    revokesOnReuse: true,
    delayMs: 0,
    heldUntil: undefined,
    loseAnswers: 0,
    failNext: [],
  };
  /** Refresh requests that came in, refused ones included. */
  refreshes = 0;
  /** Families that were ended because an old token was presented. */
  reuses = 0;
  /** Most refresh requests in work at once. */
  peak = 0;
  /** Accounts that the next consent covers. */
  consentAccounts = [{ id: 'company-1', name: 'Company One', handle: 'h-1' }];
  readonly disconnected: string[] = [];
  private readonly families = new Map<string, Family>();
  private readonly codes = new Map<string, { challenge: string; redirectUri: string }>();
  private inWork = 0;

  private constructor(
    private readonly server: Server,
    private readonly now: () => number,
  ) {
    server.on('request', (request, response) => {
      this.handle(request, response).catch(() => response.destroy());
    });
  }

  static async start(now: () => number = Date.now): Promise<BooksServer> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new BooksServer(server, now);
  }

  get url(): string {
    const address = this.server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  /** What a person does at the consent page: gives the code that the redirect carries. */
  consent(authorizeUrl: string): { code: string; state: string } {
    const query = new URL(authorizeUrl).searchParams;
    const code = randomUUID();
    this.codes.set(code, {
      challenge: query.get('code_challenge') ?? '',
      redirectUri: query.get('redirect_uri') ?? '',
    });
    return { code, state: query.get('state') ?? '' };
  }

  /** Every token that was ever given out; none of them may show up where it does not belong. */
  secrets(): string[] {
    return [...this.families.values()].flatMap(({ current, accessToken, replaced }) => [
      current,
      accessToken,
      ...replaced.keys(),
    ]);
  }

  /** Whether an access token is the newest of a living consent. */
  accepts(accessToken: string): boolean {
    return this.familyOf(accessToken) !== undefined;
  }

  /** The customer removes the app at the vendor: refresh tokens end. */
  revokeEverything(): void {
    for (const family of this.families.values()) family.revoked = true;
  }

  /** The customer takes one company out of every consent. */
  removeAccount(id: string): void {
    for (const family of this.families.values())
      family.accounts = family.accounts.filter((account) => account.id !== id);
  }

  addAccount(id: string): void {
    for (const family of this.families.values()) family.accounts.push({ id, name: id, handle: `h-${id}` });
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    if (url.pathname === '/token') return this.token(request, response);
    const family = this.familyOf(/^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '');
    if (!family) return answer(response, 401, { error: 'invalid_token' });
    if (request.method === 'DELETE') {
      const handle = url.pathname.split('/').at(-1) ?? '';
      family.accounts = family.accounts.filter((account) => account.handle !== handle);
      this.disconnected.push(handle);
      return answer(response, 200, {});
    }
    return answer(response, 200, { accounts: family.accounts });
  }

  private async token(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const form = new URLSearchParams(await bodyOf(request));
    const failure = this.habits.failNext.shift();
    if (failure) return answer(response, failure.status, { error: failure.error });
    if (form.get('grant_type') === 'authorization_code') return this.exchange(form, response);
    this.refreshes += 1;
    this.inWork += 1;
    this.peak = Math.max(this.peak, this.inWork);
    try {
      if (this.habits.delayMs > 0) await pause(this.habits.delayMs);
      await this.habits.heldUntil;
      return this.refresh(form.get('refresh_token') ?? '', response);
    } finally {
      this.inWork -= 1;
    }
  }

  private exchange(form: URLSearchParams, response: ServerResponse): void {
    const begun = this.codes.get(form.get('code') ?? '');
    this.codes.delete(form.get('code') ?? '');
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    if (!begun || begun.challenge !== challenge || begun.redirectUri !== form.get('redirect_uri'))
      return answer(response, 400, { error: 'invalid_grant' });
    const family: Family = {
      current: `refresh-${randomUUID()}`,
      replaced: new Map(),
      accessToken: `access-${randomUUID()}`,
      revoked: false,
      accounts: this.consentAccounts.map((account) => ({ ...account })),
    };
    this.families.set(randomUUID(), family);
    return answer(response, 200, tokensOf(family));
  }

  private refresh(presented: string, response: ServerResponse): void {
    const family = [...this.families.values()].find(
      ({ current, replaced }) => current === presented || replaced.has(presented),
    );
    if (!family || family.revoked) return answer(response, 400, { error: 'invalid_grant' });
    const replacedAt = family.replaced.get(presented);
    const inGrace = replacedAt !== undefined && this.now() - replacedAt < this.habits.graceMs;
    if (replacedAt !== undefined && !inGrace) {
      this.reuses += 1;
      family.revoked = this.habits.revokesOnReuse;
      return answer(response, 400, { error: 'invalid_grant' });
    }
    if (replacedAt === undefined) family.replaced.set(presented, this.now());
    // A repeat inside the grace replaces what the first answer gave: that one may have been lost.
    else family.replaced.set(family.current, this.now());
    family.current = `refresh-${randomUUID()}`;
    family.accessToken = `access-${randomUUID()}`;
    if (this.habits.loseAnswers > 0) {
      this.habits.loseAnswers -= 1;
      response.destroy();
      return;
    }
    answer(response, 200, tokensOf(family));
  }

  private familyOf(accessToken: string): Family | undefined {
    return [...this.families.values()].find(
      (family) => !family.revoked && family.accessToken === accessToken,
    );
  }
}

function tokensOf({ accessToken, current }: Family): object {
  return { access_token: accessToken, refresh_token: current, expires_in: 1_800, scope: 'read' };
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
