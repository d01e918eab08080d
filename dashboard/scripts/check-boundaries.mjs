// Shared code never imports features or app; a feature never imports another feature or app; no file passes 400 lines.
// The feature list is read from the folder, so a new feature is protected from its first file.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const SOURCE = resolve(dirname(fileURLToPath(import.meta.url)), "../src");
const MAX_LINES = 400;
const IMPORT = /(?:from\s+|import\s*\(\s*|import\s+)["']([^"']+)["']/g;

function* files(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (name === "generated") continue;
    if (statSync(path).isDirectory()) yield* files(path);
    else if (/\.tsx?$/.test(name)) yield path;
  }
}

/** "features/fleet", "app", "components" … of a path inside src. */
function zone(path) {
  const [top, second] = path.split("/");
  return top === "features" ? `features/${second}` : top;
}

function refusal(from, to) {
  if (from === to || from === "app" || from === "main.tsx") return null;
  if (to === "app") return `${from} must not import app`;
  if (!to.startsWith("features/")) return null;
  return from.startsWith("features/")
    ? "a feature must not import another feature"
    : `${from} must not import a feature`;
}

const findings = [];
for (const file of files(SOURCE)) {
  const path = relative(SOURCE, file);
  const text = readFileSync(file, "utf8");
  const lines = text.split("\n").length;
  if (lines > MAX_LINES) findings.push(`${path}: ${lines} lines, at most ${MAX_LINES}`);
  for (const [, target] of text.matchAll(IMPORT)) {
    const inside = target.startsWith("@/")
      ? target.slice(2)
      : target.startsWith(".")
        ? relative(SOURCE, resolve(dirname(file), target))
        : null;
    if (inside === null || inside.startsWith("..")) continue;
    const why = refusal(zone(path), zone(inside));
    if (why) findings.push(`${path}: imports ${target}: ${why}`);
  }
}
if (findings.length > 0) {
  process.stderr.write(`${findings.join("\n")}\n`);
  process.exit(1);
}
