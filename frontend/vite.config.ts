import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// `make dev` says where its server listens.
const server = process.env.HUBBUB_DEV_SERVER ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: 'es2022',
    // The first browsers that know light-dark(), with which the two themes are written.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    // The Content-Security-Policy allows files of the server's own and nothing inline: no data: URLs, no inline modules.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The viewer of the API's document is one large file.
    chunkSizeWarningLimit: 2_000,
    // docs.html is the page at /api/docs.
    rolldownOptions: { input: ['index.html', 'docs.html'] },
  },
  server: {
    host: '127.0.0.1',
    proxy: {
      '/api': server,
      '/broadcasting': server,
      '/app': { target: server, ws: true },
    },
  },
  test: {
    environment: 'node',
    restoreMocks: true,
    // Much of it runs on fake clocks: only a hang takes this long, also on a busy machine.
    testTimeout: 60_000,
    projects: [
      { extends: true, test: { name: 'page', include: ['src/**/*.test.ts'] } },
      // The page's code and the real server, which HUBBUB_BIN names.
      { extends: true, test: { name: 'server', include: ['server-tests/**/*.test.ts'] } },
      { extends: true, test: { name: 'measure', include: ['server-tests/**/*.measure.ts'], fileParallelism: false } },
    ],
  },
});
