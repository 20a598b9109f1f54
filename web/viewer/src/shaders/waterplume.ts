/**
 * What is dissolved in the ground: marched like the gas, but downwards from the ground, and by nothing
 * hidden but the cut; the veil's own depth test does the rest.
 * depths = (height of the lowest and of the uppermost face of the volume over the ground).
 */
export const WATERPLUME_FRAGMENT = `
precision highp sampler3D;
uniform sampler3D volume;
uniform sampler2D ramp, heights;
uniform vec3 eye, boxMin, boxMax, volumeMin, volumeSize;
uniform vec4 heightsAt;
uniform vec2 level, exaggeration, depths;
uniform float opacity;
in vec3 vRay;

float groundAt(vec2 p) { return texture(heights, (p - heightsAt.xy) * heightsAt.zw).r + exaggeration.y; }

void main() {
  vec3 d = normalize(vRay);
  vec3 inv = 1. / (d + vec3(1e-7));
  vec3 a = (boxMin - eye) * inv, b = (boxMax - eye) * inv;
  vec3 lo = min(a, b), hi = max(a, b);
  float t0 = max(max(lo.x, lo.y), max(lo.z, 0.)), t1 = min(hi.x, min(hi.y, hi.z));
  if (cut.w > 0.) {
    float speed = dot(cut.xy, d.xy), ahead = dot(cut.xy, eye.xy) + cut.z;
    if (abs(speed) > 1e-6) {
      if (speed < 0.) t0 = max(t0, -ahead / speed);
      else t1 = min(t1, -ahead / speed);
    } else if (ahead > 0.) t1 = t0;
  }
  o = vec4(0.);
  if (t1 <= t0) return;
  float dt = max((t1 - t0) / float(STEPS), 1.);
  ivec2 cell = ivec2(gl_FragCoord.xy) & 1;
  float t = t0 + dt * (.125 + .25 * float((cell.x ^ cell.y) * 2 + cell.y));
  vec4 sum = vec4(0.);
  for (int i = 0; i < STEPS; i++) {
    if (t > t1 || sum.a > .97) break;
    vec3 p = eye + d * t;
    float h = p.z - groundAt(p.xy);
    if (h > depths.x && h < depths.y) {
      float code = texture(volume, (vec3(p.xy, h) - volumeMin) / volumeSize).r * 255.;
      float k = clamp(level.x + level.y * code, 0., 1.);
      if (code > .5 && k > 0.) {
        float alpha = 1. - exp(-dt * (.010 + .085 * k) * smoothstep(0., .08, k) * opacity);
        sum += (1. - sum.a) * vec4(texture(ramp, vec2(k, .5)).rgb * alpha, alpha);
      }
    }
    t += dt;
  }
  o = sum;
}`;
