import { z } from 'zod';
import type { ApiCredential } from '#libs/persistence';
import type { ApiKeyCredentials } from '#libs/vendor-kit';
import type { SecretBox, SecretPlace } from './secret-box.js';

const credentialsText = z.record(z.string(), z.string());

/** The keys of connections without OAuth, each set bound to its connection. */
export class KeySecrets {
  constructor(private readonly box: SecretBox) {}

  get currentKeyId(): string {
    return this.box.currentKeyId;
  }

  credentialsOf(row: ApiCredential): ApiKeyCredentials {
    const text = this.box.open(row.credentials, placeOf(row.connectionId), row.keyId);
    return credentialsText.parse(JSON.parse(text));
  }

  seal(connectionId: string, credentials: ApiKeyCredentials): Pick<ApiCredential, 'keyId' | 'credentials'> {
    return {
      keyId: this.box.currentKeyId,
      credentials: this.box.seal(JSON.stringify(credentials), placeOf(connectionId)),
    };
  }
}

function placeOf(connectionId: string): SecretPlace {
  return { table: 'api_credentials', row: connectionId, column: 'credentials' };
}
