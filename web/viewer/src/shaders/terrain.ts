export const TERRAIN_VERTEX = `
uniform vec4 extent;
out vec2 vUv;
out float vHaze;
void main() {
  vAt = position;
  vUv = (position.xy - extent.xy) / (extent.zw - extent.xy);
  vec4 world = modelMatrix * vec4(position, 1.);
  vHaze = haze(world.xyz);
  gl_Position = projectionMatrix * (viewMatrix * world);
}`;

/** Baked ground, graded to dusk; red of the mask lifts the park out of its surroundings. */
export const TERRAIN_FRAGMENT = `
uniform sampler2D ground, mask;
uniform float opacity;
uniform vec2 fills;
#ifdef MAPPED
/* box: corner and size of the map; scale: level on the ramp = x + y * code, z: 1 where it is a chance. */
uniform sampler2D sheet, ramp;
uniform vec4 box;
uniform vec3 scale;
vec3 mapped(vec3 c) {
  vec2 q = (vAt.xy - box.xy) / box.zw;
  if (any(lessThan(q, vec2(0.))) || any(greaterThan(q, vec2(1.)))) return c;
  float code = texture(sheet, q).r * 255.;
  float level = scale.x + scale.y * code;
  float k = clamp(level, 0., 1.);
  /* Gas below the lower end of the ramp has no colour of its own: it is not drawn. */
  float shown = smoothstep(.2, 2., code) * (scale.z > .5 ? 1. : smoothstep(-.06, .02, level));
  vec3 now = texture(ramp, vec2(k, .5)).rgb;
  /* What is only expected is violet and hatched, never the colours of what is. */
  float hatch = smoothstep(.35, .5, abs(fract((vAt.x + vAt.y) / 28.) - .5) * 2.);
  vec3 later = mix(vec3(.32, .18, .62), vec3(.96, .62, 1.), k) * mix(.62, 1., hatch);
  float weight = mix(.62 + .2 * k, (.45 + .4 * k) * mix(.55, 1., hatch), scale.z);
  return mix(c, mix(now, later, scale.z), shown * weight);
}
#endif
#ifdef DRAWN
/* Colours of the drawing are premultiplied; paperBox: its corner and size. */
uniform sampler2D paper;
uniform vec4 paperBox;
vec3 drawn(vec3 c) {
  vec2 q = (vAt.xy - paperBox.xy) / paperBox.zw;
  if (any(lessThan(q, vec2(0.))) || any(greaterThan(q, vec2(1.)))) return c;
  vec4 p = texture(paper, q);
  return c * (1. - p.a) + p.rgb;
}
#endif
in vec2 vUv;
in float vHaze;
void main() {
  TAKE_AWAY
  vec3 c = texture(ground, vUv).rgb;
  vec3 m = texture(mask, vUv).rgb;
  float grey = dot(c, vec3(.30, .59, .11));
  vec3 far = mix(vec3(grey), c, .94) * vec3(.83, .99, .93) + vec3(.004, .014, .026);
  vec3 near = mix(vec3(grey), c, .92) * vec3(.95, 1.01, 1.04) + vec3(.01, .016, .022);
  c = mix(far, near, m.r);
  c += vec3(.03, .30, .46) * (m.g * fills.x) + vec3(.24, .22, .12) * (m.b * fills.y);
#ifdef DRAWN
  c = drawn(c);
#endif
#ifdef MAPPED
  c = mapped(c);
#endif
  c = mix(c, HAZE, vHaze);
  o = vec4(c, opacity);
}`;

/** Nothing but depth. */
export const DEPTH_VERTEX = `
void main() {
  vAt = position;
  gl_Position = projectionMatrix * (modelViewMatrix * vec4(position, 1.));
}`;
export const DEPTH_FRAGMENT = `
void main() {
  TAKE_AWAY
  o = vec4(0.);
}`;
