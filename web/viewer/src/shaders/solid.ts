/** Buildings, tanks, units: info = (metres along the wall, metres above the base, height, pattern). */
export const SOLID_VERTEX = `
in vec3 normal;
in vec4 colour, info;
out vec3 vNormal, vColour, vEye;
out vec3 vInfo;
out float vHaze;
flat out vec2 vKind;
void main() {
  vAt = position;
  vec4 world = modelMatrix * vec4(position, 1.);
  vNormal = normal;
  vColour = colour.rgb;
  vInfo = info.xyz;
  vKind = vec2(floor(info.w), floor(fract(info.w) * 64.));
  vEye = cameraPosition - world.xyz;
  vHaze = haze(world.xyz);
  gl_Position = projectionMatrix * (viewMatrix * world);
}`;

/** Patterns: 0 plain, 1 hall (high window band), 2 floors with windows, 3 tank, 4 roof. */
export const SOLID_FRAGMENT = `
uniform float opacity;
in vec3 vNormal, vColour, vEye;
in vec3 vInfo;
in float vHaze;
flat in vec2 vKind;
void main() {
  TAKE_AWAY
  vec3 n = normalize(vNormal), c = vColour;
  float kind = vKind.x;
  vec3 light = vec3(0.);
  if (kind > .5 && kind < 2.5) {
    float bay = kind < 1.5 ? 6. : 3.6, floorHeight = kind < 1.5 ? 7. : 3.7;
    vec2 cell = vec2(vInfo.x / bay, vInfo.y / floorHeight), q = fract(cell);
    vec2 w = fwidth(cell);
    float sharp = clamp(1.6 - 2.4 * max(w.x, w.y), 0., 1.);
    float inside = kind < 1.5
      ? step(.52, q.y) * step(q.y, .82) * step(.07, q.x)
      : step(.34, q.y) * step(q.y, .80) * step(.22, q.x) * step(q.x, .78);
    float share = kind < 1.5 ? .26 : .24;
    float glass = mix(share, inside, sharp) * step(vInfo.y, vInfo.z - .8);
    float lit = step(.80, hash(floor(cell) + vKind.y * 1.37)) * sharp;
    c = mix(c, vec3(.17, .27, .38), glass * .85);
    light = vec3(1., .78, .44) * (glass * lit * .62);
    c *= 1. - .10 * step(.93, q.y) * sharp;
  } else if (kind > 2.5 && kind < 3.5) {
    float band = vInfo.y / max(vInfo.z, 1.);
    c = mix(c, c * vec3(.42, .62, .86), step(.80, band) * step(band, .90));
    float seam = fract(vInfo.y / 2.4);
    c *= 1. - .07 * step(.90, seam) * clamp(1.5 - 3. * fwidth(vInfo.y / 2.4), 0., 1.);
  }
  float high = step(.5, n.z);
  c = shade(c, n) * mix(mix(.76, 1., smoothstep(0., 8., vInfo.y)), 1., high);
  float rim = pow(1. - max(dot(normalize(vEye), n), 0.), 3.);
  c += vec3(.05, .13, .20) * rim + light;
  o = vec4(mix(c, HAZE, vHaze), opacity);
}`;
