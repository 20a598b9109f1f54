/**
 * Faces of the ground: info = (metres along the face, top of the layer, its bottom, layer),
 * doubt = (standard deviation of the top, of the bottom, height of the water table, of the ground).
 */
export const FACE_VERTEX = `
in vec4 info;
in vec4 doubt;
out vec4 vInfo;
out vec4 vDoubt;
out float vHaze;
void main() {
  vAt = position;
  vInfo = info;
  vDoubt = doubt;
  vec4 world = modelMatrix * vec4(position, 1.);
  vHaze = haze(world.xyz);
  gl_Position = projectionMatrix * (viewMatrix * world);
}`;

/** \`paint[k]\` = colour of layer k and its pattern: 0 fill, 1 clay, 2 gravel, 3 weathered rock, 4 rock; + 8 = aquifer. */
export const FACE_FRAGMENT = `
uniform vec4 paint[LAYERS];
uniform float grain, baseZ, light, opacity;
in vec4 vInfo;
in vec4 vDoubt;
in float vHaze;

#ifdef DISSOLVED
precision highp sampler3D;
uniform sampler3D dissolved;
uniform sampler2D dissolvedRamp;
uniform vec3 dissolvedMin, dissolvedSize, dissolvedLevel;
/* Level on the ramp at a depth below the ground; below zero nothing is shown. z of dissolvedLevel: where the limit lies on the ramp. */
float levelAt(float depth) {
  vec3 q = (vec3(vAt.xy, depth) - dissolvedMin) / dissolvedSize;
  if (any(lessThan(q, vec3(0.))) || any(greaterThan(q, vec3(1.)))) return -1.;
  float code = texture(dissolved, q).r * 255.;
  return code < .5 ? -1. : dissolvedLevel.x + dissolvedLevel.y * code;
}
vec3 withDissolved(vec3 c) {
  float level = levelAt(vAt.z - vDoubt.w);
  if (level <= 0.) return c;
  float k = min(level, 1.), w = max(fwidth(level), 1e-4);
  vec3 ink = texture(dissolvedRamp, vec2(k, .5)).rgb;
  /* The layer's pattern stays to be seen through it. */
  c = mix(c, ink * (.86 + .5 * dot(c, vec3(.33))), smoothstep(0., .06, k) * (.66 + .26 * k));
  float step_ = level * 6.;
  c = mix(c, ink * .42, (1. - smoothstep(.5, 1.5, abs(fract(step_ - .5) - .5) / (w * 6.))) * .55 * clamp(1.3 - 9. * w, 0., 1.));
  float limit = dissolvedLevel.z > 0. ? 1. - smoothstep(.9, 1.9, abs(level - dissolvedLevel.z) / w) : 0.;
  return mix(c, vec3(1.), limit);
}
#endif

float mark(float kind, vec2 p) {
  if (kind < .5) { vec2 c = floor(p * 1.6); return (hash(c) - .5) * .42; }
  if (kind < 1.5) {
    float row = floor(p.y * 1.5);
    float dash = step(.30, fract(p.x * .32 + hash(vec2(row, 3.)) * 7.));
    return -.26 * dash * step(.62, fract(p.y * 1.5)) + .05 * (hash(vec2(row, 1.)) - .5);
  }
  if (kind < 2.5) {
    vec2 g = p * vec2(.62, 1.05);
    g.x += .5 * mod(floor(g.y), 2.);
    vec2 c = floor(g), q = fract(g) - .5;
    q += (vec2(hash(c), hash(c + 19.)) - .5) * .34;
    float r = length(q * vec2(1., 1.25)), size = .20 + .22 * hash(c + 7.);
    return .26 * smoothstep(size, size - .10, r) - .24 * smoothstep(.10, .0, abs(r - size)) + .04;
  }
  if (kind < 3.5) {
    vec2 g = vec2(p.x * .34 + .28 * p.y, p.y * .72 - .10 * p.x);
    vec2 c = floor(g), q = abs(fract(g) - .5);
    float crack = smoothstep(.38, .5, max(q.x, q.y));
    return (hash(c) - .5) * .20 - .26 * crack * step(.35, hash(c + 5.));
  }
  vec2 g = p * vec2(.30, .42);
  g.x += .5 * mod(floor(g.y), 2.);
  vec2 q = abs(fract(g) - .5);
  float plus = step(q.x, .045) * step(q.y, .22) + step(q.y, .06) * step(q.x, .16);
  return .11 * min(plus, 1.) + (hash(floor(g * 2.)) - .5) * .05;
}

void main() {
  TAKE_AWAY
  int k = int(vInfo.w + .5);
  vec4 look = paint[k];
  float wet = step(7.5, look.a), kind = look.a - 8. * wet;
  float z = vAt.z, pixel = max(fwidth(z), 1e-3);
  vec3 c = look.rgb;
  c *= 1. + mark(kind, vec2(vInfo.x, z * 1.6) / grain);
  if (z < vDoubt.z) c = mix(c, vec3(.11, .40, .62), .16 + .24 * wet);
  float fade = k == LAYERS - 1 ? exp(-max(0., vInfo.y - z) / 130.) : 1.;
  c = mix(vec3(.060, .110, .155), c * light, .30 + .70 * fade);
  c *= mix(.72, 1., smoothstep(baseZ, baseZ + 40., z));

  float fromTop = vInfo.y - z, fromBottom = z - vInfo.z;
  float unsure = max(step(fromTop, vDoubt.x) * step(.001, vDoubt.x), step(fromBottom, vDoubt.y) * step(.001, vDoubt.y));
  float stripe = smoothstep(.62, .72, abs(fract((gl_FragCoord.x + gl_FragCoord.y) / 9.) * 2. - 1.));
  c = mix(c, vec3(.93, .95, 1.), unsure * stripe * .26);

#ifdef DISSOLVED
  c = withDissolved(c);
#endif
  float edge = k == 0 ? 0. : smoothstep(1.6, .5, fromTop / pixel);
  c = mix(c, vec3(.98, .90, .70), edge * .75);
  float rim = k == 0 ? smoothstep(2.2, .8, fromTop / pixel) : 0.;
  c = mix(c, vec3(.62, .95, 1.), rim * .85);
  float line = smoothstep(2.0, .7, abs(z - vDoubt.z) / pixel);
  c = mix(c, vec3(.30, .85, 1.), line * .95);
  o = vec4(mix(c, HAZE, vHaze * .7), opacity);
}`;
