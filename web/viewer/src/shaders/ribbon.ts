/**
 * Lines of any kind as camera-facing ribbons: four vertices per segment.
 * shape = (width in metres, least width in pixels, mode, dash period in metres).
 * Modes: 0 plain, 1 glowing, 2 round tube, 3 hair line that fades when thinner than its least width.
 */
export const RIBBON_VERTEX = `
in vec3 a, b;
in vec4 colourA, colourB, shape;
uniform float pull;
out vec4 vColour;
out float vSide, vHalf, vAlong;
flat out vec2 vStyle;
void main() {
  vec4 va = modelViewMatrix * vec4(a, 1.), vb = modelViewMatrix * vec4(b, 1.);
  float t = position.x;
  float near = -1.5, ta = 0., tb = 1.;
  if (va.z > near && vb.z > near) { gl_Position = vec4(2., 2., 2., 1.); return; }
  if (va.z > near) ta = (near - va.z) / (vb.z - va.z);
  else if (vb.z > near) tb = (near - va.z) / (vb.z - va.z);
  vec4 va2 = mix(va, vb, ta), vb2 = mix(va, vb, tb);
  va2.xyz *= pull; vb2.xyz *= pull;
  vec4 ca = projectionMatrix * va2, cb = projectionMatrix * vb2;
  vec2 sa = ca.xy / ca.w * viewport * .5, sb = cb.xy / cb.w * viewport * .5;
  vec2 d = sb - sa;
  float len = length(d);
  d = len > 1e-3 ? d / len : vec2(1., 0.);
  vec4 p = t < .5 ? ca : cb;
  float wide = shape.x * projectionMatrix[1][1] * viewport.y * .5 / p.w;
  float wanted = max(shape.y, wide);
  float fade = shape.z > 2.5 ? clamp(wide / shape.y, .0, 1.) : 1.;
  float halo = shape.z > .5 && shape.z < 1.5 ? 3.6 : 1.;
  float reach = wanted * .5 * halo + .7;
  vec2 off = vec2(-d.y, d.x) * position.y * reach + d * (t < .5 ? -1. : 1.) * (shape.z < 1.5 && colourA.a > .8 ? min(reach, wanted * .5) : 0.);
  p.xy += off / (viewport * .5) * p.w;
  vSide = position.y * reach;
  vHalf = wanted * .5;
  vAlong = mix(ta, tb, t) * distance(a, b);
  vStyle = shape.zw;
  vColour = mix(colourA, colourB, mix(ta, tb, t));
  vColour.a *= fade;
  vAt = mix(a, b, mix(ta, tb, t));
  gl_Position = p;
}`;

/** Premultiplied colours, so that glow adds light and plain ribbons cover. */
export const RIBBON_FRAGMENT = `
uniform float opacity;
in vec4 vColour;
in float vSide, vHalf, vAlong;
flat in vec2 vStyle;
void main() {
  TAKE_AWAY
  float d = abs(vSide);
  float body = clamp(vHalf + .5 - d, 0., 1.);
  vec3 c = vColour.rgb;
  float alpha = vColour.a * opacity;
  if (vStyle.y > 0. && fract(vAlong / vStyle.y) > .55) { if (vStyle.x < .5 || vStyle.x > 1.5) discard; alpha *= .10; }
  if (vStyle.x > .5 && vStyle.x < 1.5) {
    float s = d / max(vHalf, .5);
    float core = body * smoothstep(1.15, .0, s);
    float glow = exp(-s * s * .55) * .62;
    c = mix(c, vec3(1.), core * .55);
    float cover = clamp(body * .92 + glow * .30, 0., 1.) * alpha;
    o = vec4(c * clamp(body * .9 + glow, 0., 1.) * alpha, cover);
    return;
  }
  if (vStyle.x > 1.5 && vStyle.x < 2.5) {
    float s = clamp(d / max(vHalf, .5), 0., 1.);
    c *= .45 + .55 * sqrt(1. - s * s);
  }
  alpha *= body;
  o = vec4(c * alpha, alpha);
}`;
