// The types in src/api/generated come from openapi.json, and openapi.json from the server of this checkout.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const dashboard = resolve(dirname(fileURLToPath(import.meta.url)), "..");
const server = resolve(dashboard, "../.venv/bin/gururmm");

if (!existsSync(server)) {
  process.stderr.write("openapi.json was not compared: the Python environment is not set up (make setup).\n");
} else {
  const said = execFileSync(server, ["openapi"], { encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  if (said.trim() !== readFileSync(resolve(dashboard, "openapi.json"), "utf8").trim()) {
    process.stderr.write(
      "The server's API has changed. Run `pnpm generate` in dashboard/ and repair what no longer fits.\n",
    );
    process.exit(1);
  }
}
