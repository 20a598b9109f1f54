import type { Tier } from '../contract';

const SIZE = 384;
const SLOW_MS = 7;
const VERTEX = `#version 300 es
void main() { gl_Position = vec4(vec2(gl_VertexID & 1, gl_VertexID >> 1) * 4. - 1., 0., 1.); }`;
const FRAGMENT = `#version 300 es
precision highp float;
out vec4 o;
void main() {
  vec2 p = gl_FragCoord.xy * .01;
  for (int i = 0; i < 48; i++) p = fract(p * 1.37 + p.yx * .21);
  o = vec4(p, 0., 1.);
}`;

/** Draws three heavy little frames: software rendering needs tens of milliseconds for each. */
export function probeTier(): Tier {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = SIZE;
  const gl = canvas.getContext('webgl2', { antialias: false, depth: false });
  if (!gl) return 'lite';
  const program = gl.createProgram();
  for (const [kind, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]] as const) {
    const shader = gl.createShader(kind);
    if (!shader) return 'lite';
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  gl.useProgram(program);
  const pixel = new Uint8Array(4);
  const frame = (): number => {
    const start = performance.now();
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
    return performance.now() - start;
  };
  frame(); // compiles; not counted
  const times = [frame()];
  if ((times[0] ?? 0) < 4 * SLOW_MS) times.push(frame(), frame());
  gl.getExtension('WEBGL_lose_context')?.loseContext();
  return tierOf(times);
}

/** Tier for measured frame times. */
export function tierOf(times_ms: readonly number[]): Tier {
  const sorted = [...times_ms].sort((a, b) => a - b);
  return (sorted[Math.floor(sorted.length / 2)] ?? Infinity) < SLOW_MS ? 'full' : 'lite';
}
