import type { SealedSecret, WebhookSubscription } from '#libs/persistence';
import type { SecretBox, SecretPlace } from './secret-box.js';

/** The secrets of webhook subscriptions, each bound to its row. */
export class SubscriptionSecrets {
  constructor(private readonly box: SecretBox) {}

  seal(subscriptionId: string, secret: string): SealedSecret {
    return { keyId: this.box.currentKeyId, secret: this.box.seal(secret, placeOf(subscriptionId)) };
  }

  /** Null where no handshake has been. */
  secretOf({ subscriptionId, secret, keyId }: WebhookSubscription): string | null {
    return secret === null || keyId === null ? null : this.box.open(secret, placeOf(subscriptionId), keyId);
  }
}

function placeOf(subscriptionId: string): SecretPlace {
  return { table: 'webhook_subscriptions', row: subscriptionId, column: 'secret' };
}
