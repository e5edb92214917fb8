/**
 * Under which address the sandbox is reached: what token issuers, page links and `sandbox.json` say. Known only once
 * the server listens, unless it was configured.
 */
export class Origin {
  private listening: string | undefined;

  constructor(private readonly configured: string | undefined) {}

  /** Scheme, host and port without a trailing slash. */
  get url(): string {
    return this.configured ?? this.listening ?? 'http://127.0.0.1';
  }

  /** Notes the port that was given by the system; a host that means "all addresses" is reached over loopback. */
  listensOn(host: string, port: number): void {
    const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
    this.listening = `http://${reachable}:${String(port)}`;
  }
}
