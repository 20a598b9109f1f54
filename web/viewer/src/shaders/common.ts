/** Start of every vertex shader. `vAt` is the place in true metres of the local frame; `air` says where haze begins and how fast it thickens. */
export const VERTEX_HEAD = `precision highp float;
uniform mat4 modelMatrix, modelViewMatrix, viewMatrix, projectionMatrix;
uniform vec3 cameraPosition;
uniform vec2 viewport, air;
in vec3 position;
out vec3 vAt;
float haze(vec3 p) { return 1. - exp(-max(0., distance(p, cameraPosition) - air.x) * air.y); }
`;

/** Start of every fragment shader. */
export const FRAGMENT_HEAD = `precision highp float;
uniform vec4 cut;
in vec3 vAt;
out vec4 o;
const vec3 HAZE = vec3(.088, .215, .315);
const vec3 SUN = vec3(-.5214, .4211, .7421);
#ifdef CUT
#define TAKE_AWAY if (dot(cut.xy, vAt.xy) + cut.z > 0.) discard;
#else
#define TAKE_AWAY
#endif
float hash(vec2 p) { p = fract(p * vec2(.1031, .1137)); p += dot(p, p.yx + 33.33); return fract((p.x + p.y) * p.x); }
vec3 shade(vec3 base, vec3 n) {
  float sun = max(dot(n, SUN), 0.);
  float back = max(dot(n, vec3(.42, -.68, .60)), 0.);
  return base * (vec3(.46, .53, .62) * (.78 + .22 * n.z) + vec3(.60, .55, .47) * sun + vec3(.13, .15, .18) * back);
}
`;
