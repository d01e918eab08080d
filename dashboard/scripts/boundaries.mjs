// The order of the dashboard's folders, and what a feature is made of. Folders are read, so that a new feature is
// protected from its first file; docs/howto/add-a-feature.md and docs/decisions/0016 say why.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import ts from "typescript";

const MAX_LINES = 400;
/** Each imports only what stands before it. */
const LAYERS = ["lib", "api", "components", "features", "app", "main.tsx"];
/** What a feature is made of; again, each imports only what stands before it. */
const PARTS = ["search.ts", "api", "engine", "components", "routes", "index.ts", "feature.ts"];
const NO_CODE = ["styles"];

function* files(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else if (/\.tsx?$/.test(name)) yield path;
  }
}

/** The layer, feature and part of a path inside src; `features/define-feature.ts` belongs to no feature. */
function placeOf(path) {
  const [layer, ...rest] = path.split("/");
  if (layer !== "features" || rest.length < 2) return { layer, path };
  const [feature, part] = rest;
  return { layer, path, feature, part: part.replace(/\.test\.tsx?$/, ".ts") };
}

/** What a file imports from inside src, as paths without their ending: types and loads on demand count too. */
function importsOf(source, file, text) {
  const { importedFiles, ambientExternalModules = [] } = ts.preProcessFile(text, true, true);
  return [...importedFiles.map(({ fileName }) => fileName), ...ambientExternalModules]
    .map((name) => {
      if (name.startsWith("@/")) return name.slice(2);
      return name.startsWith(".") ? relative(source, resolve(dirname(file), name)) : null;
    })
    .filter((path) => path !== null && !path.startsWith(".."));
}

/** Why a file must not import another, or null. */
function refusal(from, to) {
  const [lower, upper] = [LAYERS.indexOf(to.layer), LAYERS.indexOf(from.layer)];
  if (lower > upper) return `${from.layer} stands below ${to.layer}`;
  if (to.path.startsWith("api/generated/") && from.layer !== "api") return "what is generated is named by api/contract";
  if (!to.feature) return null;
  if (from.layer === "app") {
    return from.path === "app/features.ts" && to.part === "feature.ts"
      ? null
      : "the app knows features by their feature.ts, and only in app/features.ts";
  }
  if (!from.feature) return "what all features share must not know one of them";
  if (from.feature !== to.feature) {
    return to.part === "index.ts" ? null : "a feature imports another one only by its face, index.ts";
  }
  return PARTS.indexOf(to.part) > PARTS.indexOf(from.part) ? `in a feature ${from.part} stands below ${to.part}` : null;
}

/** An import's target as a place: `features/fleet` is its index.ts, `features/fleet/search` its search.ts. */
function targetOf(path, shared) {
  if (path === "main") return placeOf("main.tsx");
  const place = placeOf(/^features\/[^/]+$/.test(path) && !shared.has(path) ? `${path}/index` : path);
  return PARTS.includes(`${place.part}.ts`) ? { ...place, part: `${place.part}.ts` } : place;
}

/** A circle of features that import each other by their faces, as the way round; null when there is none. */
function circleIn(graph) {
  const walk = (name, way) => {
    if (way.includes(name)) return [...way.slice(way.indexOf(name)), name];
    for (const next of graph.get(name) ?? []) {
      const found = walk(next, [...way, name]);
      if (found) return found;
    }
    return null;
  };
  for (const name of graph.keys()) {
    const found = walk(name, []);
    if (found) return found;
  }
  return null;
}

function* shapeFindings(source) {
  for (const name of readdirSync(source)) {
    if (!LAYERS.includes(name) && !NO_CODE.includes(name)) yield `${name}: stands in no layer (${LAYERS.join(" < ")})`;
  }
  const features = join(source, "features");
  for (const name of readdirSync(features)) {
    if (!statSync(join(features, name)).isDirectory()) continue;
    const parts = readdirSync(join(features, name));
    if (!parts.includes("feature.ts")) yield `features/${name}: has no feature.ts to contribute it`;
    for (const part of parts) {
      if (!PARTS.includes(part.replace(/\.test\.tsx?$/, ".ts")))
        yield `features/${name}/${part}: a feature is made of ${PARTS.join(", ")}`;
    }
  }
}

/** The files directly in `features/`: what all features share. */
function sharedIn(source) {
  const names = readdirSync(join(source, "features")).filter((name) => /\.tsx?$/.test(name));
  return new Set(names.map((name) => `features/${name.replace(/\.tsx?$/, "")}`));
}

/** Everything in a source folder that is against the rules, one line each. */
export function findings(source) {
  const found = [...shapeFindings(source)];
  const graph = new Map();
  const shared = sharedIn(source);
  for (const file of files(source)) {
    const from = placeOf(relative(source, file));
    if (from.path.startsWith("api/generated/")) continue;
    const text = readFileSync(file, "utf8");
    const lines = text.split("\n").length;
    if (lines > MAX_LINES) found.push(`${from.path}: ${lines} lines, at most ${MAX_LINES}`);
    for (const imported of importsOf(source, file, text)) {
      const to = targetOf(imported, shared);
      if (!LAYERS.includes(to.layer)) continue;
      const why = refusal(from, to);
      if (why) found.push(`${from.path}: imports ${imported}: ${why}`);
      if (from.feature && to.feature && from.feature !== to.feature)
        graph.set(from.feature, (graph.get(from.feature) ?? new Set()).add(to.feature));
    }
  }
  const circle = circleIn(graph);
  if (circle) found.push(`features: ${circle.join(" → ")} import each other in a circle`);
  return found;
}
