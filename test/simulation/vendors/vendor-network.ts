import type { SimulatedProcess } from '#libs/streams';
import { type HttpTransport, TransportFailure, type VendorResponse } from '#libs/vendor-kit';

/** What reaches the server of a simulated vendor. */
export type ServedRequest = Parameters<HttpTransport['send']>[0];

/** A vendor's server. Answers with every HTTP status; what the network does to its answers is not its concern. */
export interface VendorServer {
  readonly name: string;
  serve(request: ServedRequest): VendorResponse | Promise<VendorResponse>;
}

/** As long as the real transport waits for an answer. */
const TOTAL_TIMEOUT_MS = 35_000;
const UNREACHABLE = 0.01;

/** The transport of one process to a simulated vendor: requests get lost before and after they were served, or come late. */
export function transportTo(server: VendorServer, process: SimulatedProcess): HttpTransport {
  const { chance } = process.surroundings;
  return {
    send: (request) => {
      const what = `${server.name} ${request.method}`;
      if (chance.strikesHere(`${process.name} cannot reach ${what}`, UNREACHABLE))
        return Promise.reject(new TransportFailure('unreachable', false));
      const kind = {
        name: what,
        timeoutMs: TOTAL_TIMEOUT_MS,
        failure: () => new TransportFailure(chance.pick(['timeout', 'reset']), true),
      };
      return process.request(kind, () => server.serve(request));
    },
    close: () => Promise.resolve(),
  };
}

/** An answer in JSON. */
export function jsonAnswer(
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): VendorResponse {
  return { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}
