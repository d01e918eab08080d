/** A binary frame of the stream: 8 bytes of big-endian offset, then the bytes that stand there. */
export const OFFSET_BYTES = 8;

export function encodeFrame(offset: number, bytes: Uint8Array): Uint8Array {
  const frame = new Uint8Array(OFFSET_BYTES + bytes.length);
  new DataView(frame.buffer).setBigUint64(0, BigInt(offset));
  frame.set(bytes, OFFSET_BYTES);
  return frame;
}

/** Null for a frame too short to have an offset, or with one that no session reaches. */
export function decodeFrame(data: ArrayBuffer): { offset: number; bytes: Uint8Array } | null {
  if (data.byteLength < OFFSET_BYTES) return null;
  const offset = new DataView(data).getBigUint64(0);
  if (offset > BigInt(Number.MAX_SAFE_INTEGER)) return null;
  return { offset: Number(offset), bytes: new Uint8Array(data, OFFSET_BYTES) };
}
