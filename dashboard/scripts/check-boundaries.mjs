import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { findings } from "./boundaries.mjs";

const found = findings(resolve(dirname(fileURLToPath(import.meta.url)), "../src"));
if (found.length > 0) {
  process.stderr.write(`${found.join("\n")}\n`);
  process.exit(1);
}
