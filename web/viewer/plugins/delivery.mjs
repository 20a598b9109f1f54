import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const LEAST_BYTES = 600;
const KINDS = /\.(?:js|css|svg|html)$/;

/** Writes `name.br` and `name.gz` beside every text file, once, so that the server only sends. */
export function precompress() {
  let folder = '';
  return {
    name: 'park-twin-precompress',
    apply: 'build',
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir);
    },
    closeBundle() {
      for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
        const path = join(folder, name);
        if (!KINDS.test(name) || statSync(path).size < LEAST_BYTES) continue;
        const body = readFileSync(path);
        writeFileSync(`${path}.gz`, gzipSync(body, { level: 9 }));
        writeFileSync(`${path}.br`, brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 10 } }));
      }
    },
  };
}

/** Lets the browser fetch the chunk of the 3D world and its style beside the first script, not after it. */
export function preloadWorld() {
  return {
    name: 'park-twin-preload-world',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle, filename }) {
        // Only the viewer draws the world; the desk does without.
        if (!filename.endsWith('index.html')) return [];
        const files = Object.keys(bundle ?? {}).filter((name) => /assets\/world-[^/]*\.(?:js|css)$/.test(name));
        return files.map((name) => ({
          tag: 'link', injectTo: 'head',
          attrs: name.endsWith('.js') ? { rel: 'modulepreload', crossorigin: true, href: `/${name}` } : { rel: 'preload', as: 'style', crossorigin: true, href: `/${name}` },
        }));
      },
    },
  };
}
