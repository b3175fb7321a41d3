/**
 * A maker of UUIDs of version 7 (RFC 9562) that never go back, whatever the clock does: what one maker gives sorts in
 * the order in which it was given. The 12 bits after the version are a counter within the millisecond (section 6.2,
 * method 1).
 */
export function uuidV7Maker(now: () => number): () => string {
  let ms = 0;
  let counter = 0;
  return () => {
    const random = crypto.getRandomValues(new Uint8Array(10));
    const byte = (at: number) => random[at] ?? 0;
    const time = now();
    if (time > ms) {
      ms = time;
      // Half of the counter's range is left for counting up.
      counter = ((byte(8) << 8) | byte(9)) & 0x7ff;
    } else if (++counter > 0xfff) {
      ms++;
      counter = 0;
    }
    const rest = Array.from(random.subarray(0, 8), (value, at) =>
      (at === 0 ? (value & 0x3f) | 0x80 : value).toString(16).padStart(2, '0'),
    ).join('');
    const head = ms.toString(16).padStart(12, '0');
    return `${head.slice(0, 8)}-${head.slice(8)}-7${counter.toString(16).padStart(3, '0')}-${rest.slice(0, 4)}-${rest.slice(4)}`;
  };
}
