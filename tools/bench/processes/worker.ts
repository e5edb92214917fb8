/**
 * The child's half of {@link BenchProcess}: answers the first message with what `start` makes of it, each later one with what the
 * handler that `start` returned makes of it. Ends with its parent.
 */
export function serve<Setup, Order, Answer>(
  start: (setup: Setup) => Promise<{ ready: unknown; handle: (order: Order) => Promise<Answer> }>,
): void {
  let handle: ((order: Order) => Promise<Answer>) | undefined;
  const answer = async (message: unknown): Promise<unknown> => {
    if (handle) return handle(message as Order);
    const started = await start(message as Setup);
    handle = started.handle;
    return started.ready;
  };
  process.on('message', (message) => {
    answer(message).then(
      (value) => process.send?.({ value: value ?? null }),
      (error: unknown) =>
        process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
  process.on('disconnect', () => process.exit(0));
}
