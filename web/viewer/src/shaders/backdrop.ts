export const BACKDROP_VERTEX = `
uniform mat4 unproject;
out vec3 vRay;
void main() {
  vec4 far = unproject * vec4(position.xy, 1., 1.);
  vRay = far.xyz / far.w - cameraPosition;
  vAt = cameraPosition;
  gl_Position = vec4(position.xy, 1., 1.);
}`;

/** Night sky with a glow on the horizon; below it a floor with a fading grid. */
export const BACKDROP_FRAGMENT = `
uniform float floorZ, grid;
in vec3 vRay;
void main() {
  vec3 d = normalize(vRay);
  float up = d.z;
  vec3 c = mix(HAZE, vec3(.022, .075, .135), smoothstep(0., .38, up));
  c += vec3(.018, .07, .095) * exp(-abs(up) * 14.);
  vec3 deep = mix(HAZE, vec3(.040, .118, .172), smoothstep(-.02, -.45, up));
  c = mix(c, deep, smoothstep(.02, -.06, up));
  if (up < -.004 && grid > 0.) {
    float t = (floorZ - vAt.z) / d.z;
    if (t > 0.) {
      vec2 p = vAt.xy + d.xy * t;
      vec2 q = abs(fract(p / 250. + .5) - .5) * 250. / max(fwidth(p), vec2(1e-3));
      float line = 1. - min(1., min(q.x, q.y));
      c += vec3(.05, .20, .28) * line * grid * exp(-t * .00032) * .75;
    }
  }
  o = vec4(c, 1.);
}`;
