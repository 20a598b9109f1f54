/** Bytes as people read them. */

export interface HexLine {
  readonly at: string;
  readonly hex: string;
  readonly text: string;
}

const WIDTH = 16;

/** Lines of sixteen bytes from a string of hex digits. */
export function hexLines(hex: string): readonly HexLine[] {
  const bytes = (hex.match(/[0-9a-f]{2}/gi) ?? []).map((pair) => Number.parseInt(pair, 16));
  const lines: HexLine[] = [];
  for (let at = 0; at < bytes.length; at += WIDTH) {
    const part = bytes.slice(at, at + WIDTH);
    lines.push({
      at: at.toString(16).padStart(4, '0'),
      hex: part.map((byte) => byte.toString(16).padStart(2, '0')).join(' '),
      text: part.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '·')).join(''),
    });
  }
  return lines;
}
