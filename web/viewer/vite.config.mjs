import { defineConfig } from 'vitest/config';
import { precompress, preloadWorld } from './plugins/delivery.mjs';
import { slimShaders, threeDiet } from './plugins/three_diet.mjs';

/** The server that `npm run dev` borrows its data from. */
const server = process.env.PARK_TWIN_SERVER ?? 'http://127.0.0.1:8212';

export default defineConfig({
  base: '/',
  plugins: [threeDiet(), slimShaders(), preloadWorld(), precompress()],
  build: {
    outDir: '../static/viewer',
    emptyOutDir: true,
    assetsDir: 'assets',
    assetsInlineLimit: 0,
    target: 'es2022',
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
    chunkSizeWarningLimit: 900,
    rollupOptions: { input: ['index.html', 'desk.html'] },
  },
  server: { proxy: { '/api': server, '/scene': server, '/health': server } },
  test: {
    include: ['tests/**/*.test.ts', 'src/**/*.test.ts'],
    environment: 'node',
    maxWorkers: 1,
  },
});
