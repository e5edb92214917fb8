/**
 * Which records of one input partition are finished. Lanes finish out of order; what is committed is the low watermark (all
 * before it are finished) and, as commit metadata, the ranges beyond it that are finished too, so that a restart skips them
 * (the idea of Confluent's Parallel Consumer).
 */
export class FinishedOffsets {
  /** Offsets that were handed out and are not finished, in order. */
  private readonly open = new Set<number>();
  /** Finished offsets beyond the watermark. */
  private readonly beyond = new Set<number>();
  private next: number;

  /** @param position where reading starts; @param metadata what {@link encode} once gave. */
  constructor(position: number, metadata = '') {
    this.next = position;
    for (const offset of decodeRanges(position, metadata)) this.beyond.add(offset);
  }

  /** Whether the record was finished before a restart and must not be handled again. */
  isFinished(offset: number): boolean {
    return this.beyond.has(offset);
  }

  /** Takes note of a record that was read. Offsets grow. */
  begin(offset: number): void {
    this.open.add(offset);
    this.next = Math.max(this.next, offset + 1);
  }

  /** Takes note of how far was read when the last records were hidden ones (control records, aborted transactions). */
  readUpTo(nextOffset: number): void {
    this.next = Math.max(this.next, nextOffset);
  }

  finish(offset: number): void {
    this.open.delete(offset);
    this.beyond.add(offset);
  }

  /** How many records are read and not finished. */
  get openCount(): number {
    return this.open.size;
  }

  /** The low watermark: the next offset to read after a restart. */
  get position(): number {
    const [first] = this.open;
    return first ?? this.next;
  }

  /** The ranges beyond the watermark as text, at most `maxLength` characters; what does not fit will be repeated. */
  encode(maxLength = 3_000): string {
    const position = this.position;
    for (const offset of this.beyond) if (offset < position) this.beyond.delete(offset);
    const sorted = [...this.beyond].sort((a, b) => a - b);
    let text = '';
    for (let i = 0; i < sorted.length;) {
      const start = sorted[i] ?? 0;
      let end = start;
      while (sorted[i + 1] === end + 1) {
        end += 1;
        i += 1;
      }
      i += 1;
      const range = `${text ? ',' : ''}${start - position}${end > start ? `-${end - position}` : ''}`;
      if (text.length + range.length > maxLength) break;
      text += range;
    }
    return text;
  }
}

function decodeRanges(position: number, metadata: string): number[] {
  if (!/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(metadata)) return [];
  return metadata.split(',').flatMap((range) => {
    const [start = 0, end = start] = range.split('-').map(Number);
    return Array.from({ length: end - start + 1 }, (_, i) => position + start + i);
  });
}
