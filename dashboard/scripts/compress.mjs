// Puts a gzip twin beside every text file of the build, so that the server compresses nothing while people wait.
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const TEXT = /\.(js|css|html|svg|json|txt|webmanifest)$/;

for (const name of readdirSync("dist", { recursive: true })) {
  const path = join("dist", name);
  if (!TEXT.test(path) || !statSync(path).isFile()) continue;
  const twin = gzipSync(readFileSync(path), { level: 9 });
  if (twin.length < statSync(path).size) writeFileSync(`${path}.gz`, twin);
}
