import { codeOf } from '#libs/core';
import type { VerificationKey, VerificationKeySource } from '#libs/vendor-kit';
import type { KeySource } from './verification-keys.js';

/** Verification keys from token-broker. A connection that it does not know has none. */
export function tokenBrokerKeys(source: VerificationKeySource): KeySource {
  return {
    async verificationKeys(vendor, connectionId): Promise<readonly VerificationKey[]> {
      try {
        return (await source.verificationKeys(vendor, connectionId, { fresh: true })).keys;
      } catch (error) {
        if (codeOf(error) === 'vendor-disconnected') return [];
        throw error;
      }
    },
  };
}
