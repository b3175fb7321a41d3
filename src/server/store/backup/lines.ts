const lineFeed = 0x0a;
/** No row is longer; a file that isn't ours may be one endless line. */
const maxLineBytes = 16 * 1024 * 1024;

/** The lines of a UTF-8 stream. @throws when one is too long, or the last one has no end. */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string, undefined> {
  let started: Buffer[] = [];
  let startedBytes = 0;
  for await (const chunk of chunks) {
    let from = 0;
    for (let to = chunk.indexOf(lineFeed); to >= 0; to = chunk.indexOf(lineFeed, from)) {
      started.push(chunk.subarray(from, to));
      yield Buffer.concat(started).toString('utf8');
      started = [];
      startedBytes = 0;
      from = to + 1;
    }
    if (from === chunk.length) continue;
    started.push(chunk.subarray(from));
    startedBytes += chunk.length - from;
    if (startedBytes > maxLineBytes) throw new Error('a line is too long');
  }
  if (startedBytes > 0) throw new Error('the last line is cut off');
}
