/** Start of every vertex shader. `vAt` is the place in true metres of the local frame. */
export const VERTEX_HEAD = `precision highp float;
uniform mat4 modelMatrix, modelViewMatrix, viewMatrix, projectionMatrix;
uniform vec3 cameraPosition;
uniform vec2 viewport;
in vec3 position;
out vec3 vAt;
float haze(vec3 p) { return 1. - exp(-max(0., distance(p, cameraPosition) - 1500.) * HAZE_RATE); }
`.replace('HAZE_RATE', '.000085');

/** Start of every fragment shader. */
export const FRAGMENT_HEAD = `precision highp float;
uniform vec4 cut;
in vec3 vAt;
out vec4 o;
const vec3 HAZE = vec3(.055, .165, .25);
const vec3 SUN = vec3(-.5214, .4211, .7421);
#ifdef CUT
#define TAKE_AWAY if (dot(cut.xy, vAt.xy) + cut.z > 0.) discard;
#else
#define TAKE_AWAY
#endif
float hash(vec2 p) { p = fract(p * vec2(.1031, .1137)); p += dot(p, p.yx + 33.33); return fract((p.x + p.y) * p.x); }
vec3 shade(vec3 base, vec3 n) {
  float sun = max(dot(n, SUN), 0.);
  return base * (vec3(.40, .48, .58) * (.74 + .26 * n.z) + vec3(.62, .57, .49) * sun);
}
`;
