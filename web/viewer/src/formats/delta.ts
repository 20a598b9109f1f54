/** Undo delta coding: each value is the wrapped sum of the differences before it. */

/** Integrates `source` in place, as one run. */
export function undelta(source: Uint8Array | Uint16Array | Uint32Array): void {
  let sum = 0;
  for (let i = 0; i < source.length; i++) {
    sum += source[i] ?? 0;
    source[i] = sum; // a typed array wraps by itself
    sum = source[i] ?? 0;
  }
}

/** Integrates `source` in place, each row of `width` values afresh. */
export function undeltaRows(source: Uint8Array | Uint16Array, width: number): void {
  for (let start = 0; start + width <= source.length; start += width) {
    undelta(source.subarray(start, start + width));
  }
}

/** Throws unless the buffer starts with the four letters and holds at least `bytes`. */
export function expectMagic(view: DataView, magic: string, bytes: number): void {
  let found = '';
  for (let i = 0; i < 4 && i < view.byteLength; i++) found += String.fromCharCode(view.getUint8(i));
  if (found !== magic) throw new FormatError(`magic is "${found}", expected "${magic}"`);
  if (view.byteLength < bytes) {
    throw new FormatError(`${magic} file has ${view.byteLength} bytes, its header promises ${bytes}`);
  }
}

/** A binary file that is not what docs/wire.md says. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
}
