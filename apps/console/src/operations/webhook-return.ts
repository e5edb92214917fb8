import type { DeadLetter } from '#libs/contracts';
import { LedgerwireError } from '#libs/core';
import type { Secret } from '#libs/platform';
import {
  type HttpTransport,
  requeueAnswer,
  type RequeueAnswer,
  requeuePath,
  type RequeueQuestion,
} from '#libs/vendor-kit';

/** Where ingress is, and how it knows us. */
export interface WebhookReturnOptions {
  /** Base URL, without a trailing slash. */
  readonly url?: string | undefined;
  readonly token?: Secret | undefined;
  readonly transport: Pick<HttpTransport, 'send'>;
}

/** Origin of a webhook's dead letter. */
const WEBHOOKS_PREFIX = 'webhooks.';

/** Hands webhooks that were set aside in to ingress again, which alone can read them. */
export class WebhookReturn {
  constructor(private readonly options: WebhookReturnOptions) {}

  /**
   * What ingress says to it; everything that keeps it from being asked is a problem too, so that the letter stays open.
   * @param traceparent of the trace in which it was set aside
   */
  async handIn(letter: DeadLetter, traceparent: string | null): Promise<RequeueAnswer> {
    const { url, token } = this.options;
    if (url === undefined || token === undefined)
      return left(
        'It came by webhook: set INGRESS_URL and INGRESS_REQUEUE_TOKEN, so that ingress can be asked.',
      );
    const question = questionOf(letter, traceparent);
    if (!question) return left('It is no whole webhook: the URL that it was sent to is missing.');
    try {
      return await this.ask(url + requeuePath, token, question);
    } catch (error) {
      // Whoever asked for many letters learns of each what became of it.
      return left(
        error instanceof LedgerwireError ? error.message : 'ingress cannot be reached; try again later.',
      );
    }
  }

  private async ask(url: string, token: Secret, question: RequeueQuestion): Promise<RequeueAnswer> {
    const response = await this.options.transport.send({
      method: 'POST',
      url,
      headers: { authorization: `Bearer ${token.reveal()}`, 'content-type': 'application/json' },
      body: JSON.stringify(question),
    });
    if (response.status === 401)
      throw refused('ingress does not know INGRESS_REQUEUE_TOKEN: give both the same one.');
    if (response.status !== 200) throw refused(`ingress answered ${response.status}; try again later.`);
    return requeueAnswer.parse(JSON.parse(response.body));
  }
}

/** The webhook as ingress kept it; its method and URL are headers that begin with a colon. */
function questionOf(
  { originTopic, originTimestamp, headers, value }: DeadLetter,
  traceparent: string | null,
): RequeueQuestion | undefined {
  const texts = Object.fromEntries(headers.map(({ key, value: text }) => [key, text.toString()]));
  const { ':method': method, ':url': url, ...kept } = texts;
  if (method === undefined || url === undefined || !originTopic.startsWith(WEBHOOKS_PREFIX)) return undefined;
  return {
    vendor: originTopic.slice(WEBHOOKS_PREFIX.length),
    method,
    url,
    headers: kept,
    body: (value ?? Buffer.alloc(0)).toString('base64'),
    receivedAt: originTimestamp,
    traceparent,
  };
}

function left(problem: string): RequeueAnswer {
  return { taken: false, problem, workspaceIds: [] };
}

function refused(message: string): LedgerwireError {
  return new LedgerwireError(message, { code: 'ingress-refused', disposition: 'retry' });
}
