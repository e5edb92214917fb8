import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Clock } from '#libs/core';
import { SlidingWindow } from '../../kit/rate-window.js';
import type { TwilioAccount } from './twilio-account.js';
import { sendTwilioProblem } from './twilio-reply.js';

/** Limits of the account; Twilio publishes no figures, so there are none unless set. */
export const twilioLimitsSchema = z.strictObject({
  concurrent: z.int().min(0).nullable().describe('Requests in flight; beyond it 429 with code 20429'),
  perSecond: z.int().min(0).nullable().describe('Requests in any second; beyond it 429 with code 20429'),
});

/** See {@link twilioLimitsSchema}. */
export type TwilioLimitSettings = z.output<typeof twilioLimitsSchema>;

const NO_LIMITS: TwilioLimitSettings = { concurrent: null, perSecond: null };

/** Authenticates requests (auth token or API key, HTTP Basic) and counts those in flight. */
export class TwilioGuard {
  private settings = NO_LIMITS;
  private readonly window = new SlidingWindow(1000, null);
  private inFlight = 0;
  /** Headers that were checked, so that the hot way compares one string. */
  private readonly known = new Map<string, boolean>();

  constructor(
    private readonly account: TwilioAccount,
    private readonly clock: Clock,
  ) {}

  get limits(): TwilioLimitSettings {
    return this.settings;
  }

  changeLimits(change: Partial<TwilioLimitSettings>): void {
    this.settings = { ...this.settings, ...change };
    this.window.limit = this.settings.perSecond;
  }

  /** Credentials changed: check every header anew. */
  forget(): void {
    this.known.clear();
  }

  reset(): void {
    this.changeLimits(NO_LIMITS);
    this.forget();
  }

  addHooks(server: FastifyInstance): void {
    server.addHook('onRequest', (request, reply, done) => {
      if (!this.isAuthentic(request)) return void sendTwilioProblem(reply, 20003);
      if (!this.isOwnAccount(request)) return void sendTwilioProblem(reply, 20404);
      if (!this.admit(reply)) return void sendTwilioProblem(reply, 20429);
      done();
      return undefined;
    });
  }

  private admit(reply: FastifyReply): boolean {
    const { concurrent, perSecond } = this.settings;
    void reply.header('twilio-concurrent-requests', this.inFlight + 1);
    if (concurrent !== null && this.inFlight >= concurrent) return false;
    if (perSecond !== null && !this.window.take(this.clock.now()).allowed) return false;
    this.inFlight += 1;
    reply.raw.once('close', () => {
      this.inFlight -= 1;
    });
    return true;
  }

  private isOwnAccount(request: FastifyRequest): boolean {
    const { AccountSid } = request.params as { AccountSid?: string };
    return AccountSid === undefined || AccountSid.replace(/\.json$/, '') === this.account.sid;
  }

  private isAuthentic(request: FastifyRequest): boolean {
    const header = request.headers.authorization ?? '';
    let valid = this.known.get(header);
    if (valid === undefined) {
      valid = this.check(header);
      if (this.known.size > 1000) this.known.clear();
      this.known.set(header, valid);
    }
    return valid;
  }

  private check(header: string): boolean {
    if (!header.startsWith('Basic ')) return false;
    const credentials = Buffer.from(header.slice('Basic '.length), 'base64').toString();
    const at = credentials.indexOf(':');
    const user = credentials.slice(0, at);
    const password = credentials.slice(at + 1);
    const { sid, authToken, secondaryToken, keys } = this.account;
    if (user === sid)
      return password === authToken || (secondaryToken !== undefined && password === secondaryToken);
    return keys.get(user) === password;
  }
}
