/** A binary frame of the stream: the channel's number, 8 bytes of big-endian offset, then the bytes that stand there. */
export const HEAD_BYTES = 9;

export interface Frame {
  channel: number;
  offset: number;
  bytes: Uint8Array;
}

export function encodeFrame({ channel, offset, bytes }: Frame): Uint8Array {
  const frame = new Uint8Array(HEAD_BYTES + bytes.length);
  frame[0] = channel;
  new DataView(frame.buffer).setBigUint64(1, BigInt(offset));
  frame.set(bytes, HEAD_BYTES);
  return frame;
}

/** Null for a frame too short to have a channel and an offset, or with an offset that no channel reaches. */
export function decodeFrame(data: ArrayBuffer): Frame | null {
  if (data.byteLength < HEAD_BYTES) return null;
  const head = new DataView(data);
  const offset = head.getBigUint64(1);
  if (offset > BigInt(Number.MAX_SAFE_INTEGER)) return null;
  return { channel: head.getUint8(0), offset: Number(offset), bytes: new Uint8Array(data, HEAD_BYTES) };
}
