/** WebSocket frames (RFC 6455, section 5.2), server to client: not masked, so the same bytes serve everyone. */

const finalText = 0x81;
const maxLength7 = 125;
const maxLength16 = 0xffff;

/** One text message as one frame. */
export function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const headerLength = length <= maxLength7 ? 2 : length <= maxLength16 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headerLength + length);
  frame[0] = finalText;
  if (headerLength === 2) {
    frame[1] = length;
  } else if (headerLength === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.write(text, headerLength);
  return frame;
}
