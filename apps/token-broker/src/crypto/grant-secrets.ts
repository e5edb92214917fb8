import type { Grant, ResealedGrant } from '#libs/persistence';
import type { SecretBox, SecretPlace } from './secret-box.js';

type GrantColumn = 'access_token' | 'refresh_token' | 'previous_refresh_token';

/** The secrets of grants, each bound to its grant and column. */
export class GrantSecrets {
  constructor(private readonly box: SecretBox) {}

  get currentKeyId(): string {
    return this.box.currentKeyId;
  }

  accessTokenOf(grant: Grant): string | null {
    return this.openColumn(grant, 'access_token', grant.accessToken);
  }

  refreshTokenOf(grant: Grant): string | null {
    return this.openColumn(grant, 'refresh_token', grant.refreshToken);
  }

  previousRefreshTokenOf(grant: Grant): string | null {
    return this.openColumn(grant, 'previous_refresh_token', grant.previousRefreshToken);
  }

  sealAccessToken(grantId: string, token: string): Buffer {
    return this.box.seal(token, placeOf(grantId, 'access_token'));
  }

  sealRefreshToken(grantId: string, token: string): Buffer {
    return this.box.seal(token, placeOf(grantId, 'refresh_token'));
  }

  sealPreviousRefreshToken(grantId: string, token: string): Buffer {
    return this.box.seal(token, placeOf(grantId, 'previous_refresh_token'));
  }

  /** The same secrets under the current key. */
  reseal(grant: Grant): ResealedGrant {
    const { grantId } = grant;
    const access = this.accessTokenOf(grant);
    const refresh = this.refreshTokenOf(grant);
    const previous = this.previousRefreshTokenOf(grant);
    return {
      keyId: this.currentKeyId,
      accessToken: access === null ? null : this.sealAccessToken(grantId, access),
      refreshToken: refresh === null ? null : this.sealRefreshToken(grantId, refresh),
      previousRefreshToken: previous === null ? null : this.sealPreviousRefreshToken(grantId, previous),
    };
  }

  private openColumn(grant: Grant, column: GrantColumn, sealed: Buffer | null): string | null {
    return sealed === null ? null : this.box.open(sealed, placeOf(grant.grantId, column), grant.keyId);
  }
}

function placeOf(grantId: string, column: GrantColumn): SecretPlace {
  return { table: 'grants', row: grantId, column };
}
