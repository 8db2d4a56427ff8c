// The bundle is for a browser that the harness starts itself: no maps, and one chunk, whatever its size.
import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  define: { "process.env.NODE_ENV": JSON.stringify("production") },
  // packages of Grafana ask for version 6 of the router under the name that it has beside version 5
  resolve: { alias: { "react-router-dom-v5-compat": "react-router-dom" } },
  build: {
    chunkSizeWarningLimit: 20_000,
    reportCompressedSize: false,
    // "use client" at the head of a package is for servers that render React; here is none
    rolldownOptions: { onLog: (level, log, tell) => log.code === "MODULE_LEVEL_DIRECTIVE" || tell(level, log) },
  },
  logLevel: "warn",
});
