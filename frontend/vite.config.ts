import { createHash } from 'node:crypto';

import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

// `make dev` says where its server listens.
const server = process.env.HUBBUB_DEV_SERVER ?? 'http://127.0.0.1:8080';

/** Names the build in the page, by the names of its files, which hold digests of what is in them. */
const buildName: Plugin = {
  name: 'build-name',
  transformIndexHtml: {
    order: 'post',
    handler(_, { bundle }) {
      if (bundle === undefined) return [];
      const names = Object.keys(bundle).filter((name) => name.startsWith('assets/'));
      const content = createHash('sha256').update(names.sort().join()).digest('hex').slice(0, 16);
      return [{ tag: 'meta', attrs: { name: 'hubbub-build', content }, injectTo: 'head' }];
    },
  },
};

export default defineConfig({
  plugins: [svelte(), buildName],
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
