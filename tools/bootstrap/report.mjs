/**
 * One line of progress on standard error: the label while the work runs (with a clock on a terminal), then how long it
 * took.
 *
 * @typedef {{ run: <T>(work: () => Promise<T> | T) => Promise<T> }} Line
 * @param {string} label
 * @param {NodeJS.WriteStream} [stream]
 * @returns {Line}
 */
export function report(label, stream = process.stderr) {
  return {
    async run(work) {
      const began = Date.now();
      const seconds = () => `${((Date.now() - began) / 1000).toFixed(1)} s`;
      const live = stream.isTTY === true;
      stream.write(live ? `… ${label}` : `… ${label}\n`);
      const clock = live ? setInterval(() => stream.write(`\r… ${label} ${seconds()}`), 200) : undefined;
      try {
        const result = await work();
        stream.write(`${live ? '\r\u001b[K' : ''}✓ ${label} ${seconds()}\n`);
        return result;
      } catch (error) {
        stream.write(`${live ? '\r\u001b[K' : ''}✗ ${label} ${seconds()}\n`);
        throw error;
      } finally {
        clearInterval(clock);
      }
    },
  };
}
