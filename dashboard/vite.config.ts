import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { loadEnv, type Plugin } from "vite";
import { defineConfig } from "vitest/config";

/**
 * The files that a browser asks for: few, each wanted as a whole. What is in none of these groups (the engines of the
 * terminal and of charts, the player) has files of its own, for those who see it.
 */
const FILES = [
  // For everybody: React, the router, what the features contribute, and the page to sign in.
  {
    name: "start",
    priority: 4,
    test: /\/src\/(main|features\/auth\/routes\/sign-in-page)\.tsx$|rolldown\/runtime|preload-helper/,
  },
  // For those who are inside: what stands around every page, and what pages are made of.
  {
    name: "frame",
    priority: 3,
    test: /\/src\/(app|lib|api|components(?!\/data-table)|features(?=\/[^/]+$))\/|\/features\/(terminal\/components\/open-terminals|fleet\/components\/machine-finder)|\/node_modules\/(?!.*(xterm|uplot|react-table|table-core|react-virtual|virtual-core))/,
  },
  { name: "run", priority: 2, test: /\/features\/commands\/components\/run-dialog/ },
  { name: "tables", priority: 2, test: /\/src\/components\/data-table\// },
  // Each feature's pages.
  { name: (id: string) => id.match(/\/features\/([^/]+)\/routes\//)?.[1] ?? null, priority: 1 },
];

/**
 * Shows the page's shape before anything else has come: the styles, which the shape has no need of, stand below it. The
 * font of words is asked for at once, not only when the styles have come and a word wants it.
 */
const shapeFirst = (): Plugin => ({
  name: "shape-first",
  transformIndexHtml: {
    order: "post",
    handler: (html, { bundle = {} }) => {
      const styles = html.match(/<link rel="stylesheet"[^>]*>/)?.[0] ?? "";
      const fonts = Object.keys(bundle).filter((name) => /plus-jakarta-sans-latin-wght-normal.*\.woff2$/.test(name));
      return {
        html: html.replace(styles, "").replace("</body>", `${styles}</body>`),
        tags: fonts.map((name) => ({
          tag: "link",
          attrs: { rel: "preload", as: "font", type: "font/woff2", href: `/${name}`, crossorigin: true },
          injectTo: "head",
        })),
      };
    },
  },
});

export default defineConfig({
  plugins: [react(), tailwindcss(), shapeFirst()],
  resolve: { alias: { "@": new URL("./src", import.meta.url).pathname } },
  build: {
    // The server's policy allows fonts and images from files only, so nothing is inlined as data: URLs.
    assetsInlineLimit: 0,
    target: "es2022",
    sourcemap: false,
    modulePreload: { polyfill: false }, // a browser without it asks a moment later
    rolldownOptions: { output: { codeSplitting: { groups: FILES } } },
  },
  server: {
    proxy: {
      "/api": { target: loadEnv("", ".", "GURURMM_").GURURMM_API ?? "http://127.0.0.1:8000", ws: true },
    },
  },
  test: {
    environment: "node",
    include: ["src/**/*.test.{ts,tsx}", "scripts/**/*.test.mjs"],
    css: { include: [/tokens\.css/] }, // read by the test of contrasts
  },
});
