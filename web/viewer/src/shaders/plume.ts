export const PLUME_VERTEX = `
out vec3 vRay;
uniform vec3 eye;
void main() {
  vAt = position;
  vRay = position - eye;
  gl_Position = projectionMatrix * (modelViewMatrix * vec4(position, 1.));
}`;

/**
 * Marches through the volume in true metres. Over ground-following volumes the ray first leaps
 * down to the top of the filled slab, then walks in steps fitted to the slab.
 * level.xy: level on the ramp = level.x + level.y * code.
 */
export const PLUME_FRAGMENT = `
precision highp sampler3D;
uniform sampler3D volume;
uniform sampler2D ramp, heights, depth;
uniform mat4 unproject;
uniform vec3 eye, boxMin, boxMax, volumeMin, volumeSize;
uniform vec4 heightsAt;
uniform vec2 target, level, exaggeration;
uniform float top, opacity, bottom, follow;
in vec3 vRay;

float groundAt(vec2 p) { return texture(heights, (p - heightsAt.xy) * heightsAt.zw).r + exaggeration.y; }

void main() {
  vec3 d = normalize(vRay);
  vec3 inv = 1. / (d + vec3(1e-7));
  vec3 a = (boxMin - eye) * inv, b = (boxMax - eye) * inv;
  vec3 lo = min(a, b), hi = max(a, b);
  float t0 = max(max(lo.x, lo.y), max(lo.z, 0.)), t1 = min(hi.x, min(hi.y, hi.z));
  vec2 uv = gl_FragCoord.xy / target;
  vec4 w = unproject * vec4(uv * 2. - 1., texture(depth, uv).r * 2. - 1., 1.);
  vec3 stop = w.xyz / w.w;
  stop.z = exaggeration.y + (stop.z - exaggeration.y) / exaggeration.x;
  t1 = min(t1, distance(stop, eye));
  if (cut.w > 0.) {
    float speed = dot(cut.xy, d.xy), ahead = dot(cut.xy, eye.xy) + cut.z;
    if (abs(speed) > 1e-6) {
      if (speed < 0.) t0 = max(t0, -ahead / speed);
      else t1 = min(t1, -ahead / speed);
    } else if (ahead > 0.) t1 = t0;
  }
  o = vec4(0.);
  if (t1 <= t0) return;
  float steep = abs(d.z), flat_ = length(d.xy);
  float chord = min(t1 - t0, top / max(steep, .12) * 1.35);
  float dt = max(chord / (float(STEPS) * .85), 1.5);
  float leap = 1. / (steep + .75 * flat_ + .05);
  // four phases on a 2 x 2 pattern, which the veil's two taps average away
  ivec2 cell = ivec2(gl_FragCoord.xy) & 1;
  float noise = .125 + .25 * float((cell.x ^ cell.y) * 2 + cell.y);
  float t = t0 + dt * noise;
  vec4 sum = vec4(0.);
  for (int i = 0; i < STEPS; i++) {
    if (t > t1 || sum.a > .97) break;
    vec3 p = eye + d * t;
    float h = follow > .5 ? p.z - groundAt(p.xy) : p.z - volumeMin.z;
    if (h > top) { t += max(dt, (h - top) * leap); continue; }
    vec3 q = (vec3(p.xy, max(h, 0.)) - vec3(volumeMin.xy, 0.)) / volumeSize;
    float code = texture(volume, q).r * 255.;
    float v = level.x + level.y * code;
    if (v > 0. && code > .5) {
      float k = min(v, 1.);
      float dense = .0009 * smoothstep(0., .12, k) + .0030 * k + .026 * k * k * k;
      float alpha = 1. - exp(-dt * dense * opacity);
      vec3 c = texture(ramp, vec2(k, .5)).rgb;
      c *= .74 + .34 * smoothstep(0., 45., h);
      sum += (1. - sum.a) * vec4(c * alpha, alpha);
    }
    t += dt;
  }
  o = sum;
}`;

export const VEIL_VERTEX = `
void main() {
  vAt = position;
  gl_Position = projectionMatrix * (modelViewMatrix * vec4(position, 1.));
}`;

/** Lays the small picture of the plume over the scene; colours are premultiplied. */
export const VEIL_FRAGMENT = `
uniform sampler2D picture;
uniform vec2 viewport, target;
void main() {
  vec2 uv = gl_FragCoord.xy / viewport, px = 1. / target;
#ifdef FULL
  vec4 p = texture(picture, uv) * .34;
  p += (texture(picture, uv + px * vec2(.75, .35)) + texture(picture, uv + px * vec2(-.75, -.35))
      + texture(picture, uv + px * vec2(-.35, .75)) + texture(picture, uv + px * vec2(.35, -.75))) * .165;
#else
  vec4 p = .5 * (texture(picture, uv + px * vec2(.5, .5)) + texture(picture, uv - px * vec2(.5, .5)));
#endif
  if (p.a < .003) discard;
  o = p;
}`;
