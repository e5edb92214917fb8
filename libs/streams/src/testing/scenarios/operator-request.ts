import type { OperatorRequest } from '#libs/contracts';

/** A request for all parked work of a service; what a test does not care about is filled in. */
export function operatorRequestFor(
  service: string,
  parts: Pick<OperatorRequest, 'action'> & Partial<OperatorRequest>,
): OperatorRequest {
  return {
    requestId: 'request',
    service,
    parkedKeys: [],
    connectionId: null,
    parkedReason: null,
    reason: 'a test wants it',
    requestedAt: 0,
    ...parts,
  };
}
