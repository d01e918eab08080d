// Puts the two fonts under names that stay, for the pages that the server renders itself (the install page).
import { copyFileSync, mkdirSync } from "node:fs";

const FILES = "node_modules/@fontsource-variable";
mkdirSync("dist/fonts", { recursive: true });
for (const name of ["plus-jakarta-sans", "jetbrains-mono"])
  copyFileSync(`${FILES}/${name}/files/${name}-latin-wght-normal.woff2`, `dist/fonts/${name}.woff2`);
