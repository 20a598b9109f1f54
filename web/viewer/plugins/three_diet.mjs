/**
 * Leaves the library's own shader texts out of the bundle. Every material of this viewer is a
 * RawShaderMaterial with its own GLSL, so none of them is ever compiled; they are a fifth of the
 * bundle. Fails loudly when the library's layout changes.
 */
export function threeDiet() {
  return {
    name: 'three-diet',
    transform(code, id) {
      if (!id.split('?')[0].endsWith('/three/build/three.module.js')) return null;
      const table = /const ShaderChunk = \{([\s\S]*?)\n\};/.exec(code)?.[1];
      if (!table) throw new Error('three-diet: no table of shader chunks in three.module.js');
      const names = new Set(table.split(',').map((row) => row.split(':').at(-1).trim()).filter(Boolean));
      let dropped = 0;
      const slim = code.replace(/^(const|var) ([A-Za-z0-9_$]+) = "(?:[^"\\]|\\.)*";$/gm, (line, keyword, name) => {
        if (!names.has(name)) return line;
        dropped += 1;
        return `${keyword} ${name} = "";`;
      });
      if (dropped < names.size * 0.9) throw new Error(`three-diet: found ${dropped} of ${names.size} shader texts`);
      return { code: slim, map: null };
    },
  };
}

/** Takes comments, line starts and blank lines out of the viewer's own GLSL. */
export function slimShaders() {
  return {
    name: 'slim-shaders',
    transform(code, id) {
      if (!/\/src\/shaders\/[^/]+\.ts$/.test(id.split('?')[0])) return null;
      return { code: code.replace(/^[ \t]+/gm, '').replace(/^\/\/.*\n/gm, '').replace(/\n{2,}/g, '\n'), map: null };
    },
  };
}
