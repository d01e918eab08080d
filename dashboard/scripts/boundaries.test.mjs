import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findings } from "./boundaries.mjs";

const SOURCE = resolve(dirname(fileURLToPath(import.meta.url)), "../src");
/** A dashboard in small: two features, what they share, and what they stand on. */
const SMALL = {
  "lib/cn.ts": "export const cn = 1;",
  "api/contract.ts": 'import type { Client } from "./generated/schema";\nexport type { Client };',
  "api/generated/schema.ts": "export type Client = string;",
  "components/button.tsx": 'import { cn } from "../lib/cn";\nexport const Button = cn;',
  "features/define-feature.ts": 'import { Button } from "@/components/button";\nexport const defineFeature = Button;',
  "features/audit/feature.ts":
    'import { defineFeature } from "@/features/define-feature";\nimport "./search";\nimport "./api/queries";',
  "features/audit/search.ts": 'import { cn } from "@/lib/cn";',
  "features/audit/api/queries.ts": 'import type { Client } from "@/api/contract";\nimport "../search";',
  "features/audit/routes/audit-tab.tsx": 'import "../api/queries";',
  "features/fleet/feature.ts":
    'import { defineFeature } from "../define-feature";\nvoid import("./routes/fleet-page");',
  "features/fleet/routes/fleet-page.tsx": 'import "../components/columns";',
  "features/fleet/components/columns.tsx": "",
  "features/fleet/search.ts": "",
  "app/features.ts": 'import { feature } from "@/features/fleet/feature";',
  "app/router.tsx": 'import { FEATURES } from "./features";',
  "main.tsx": 'import "./app/router";\nimport "./styles/app.css";',
  "styles/app.css": "",
};
let small;

/** Writes files into the small dashboard; returns what is found then. */
function planted(files) {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(small, path)), { recursive: true });
    writeFileSync(join(small, path), text);
  }
  return findings(small);
}

describe("the order of the folders", () => {
  beforeEach(() => {
    small = mkdtempSync(join(tmpdir(), "boundaries-"));
    expect(planted(SMALL)).toEqual([]);
  });
  afterEach(() => rmSync(small, { recursive: true }));

  it("holds in the source as it is", () => {
    expect(findings(SOURCE)).toEqual([]);
  });

  it.each([
    ["lib/planted.ts", 'import type { Me } from "@/api/contract";', "lib stands below api"],
    ["lib/planted.ts", 'import { Button } from "@/components/button";', "lib stands below components"],
    ["api/planted.ts", 'export { Button } from "../components/button";', "api stands below components"],
    ["api/planted.ts", 'void import("@/features/fleet/search");', "api stands below features"],
    ["components/planted.tsx", 'import { useTabs } from "@/features/collected";', "components stands below features"],
    ["components/planted.tsx", 'import "@/app/features";', "components stands below app"],
    ["features/planted.ts", 'import { router } from "@/app/router";', "features stands below app"],
    [
      "features/fleet/components/planted.ts",
      'import { router } from "../../../app/router";',
      "features stands below app",
    ],
    ["app/planted.ts", 'import "../main";', "app stands below main.tsx"],
  ])("refuses %s with %s", (path, text, why) => {
    expect(planted({ [path]: text })).toEqual([expect.stringMatching(`^${path}: imports .*: ${why}$`)]);
  });

  it.each([
    ["an inside", "import { auditQuery } from '@/features/audit/api/queries';"],
    ["an inside on demand", 'const load = () => import("../../audit/routes/audit-tab");'],
    ["a type", 'import type { AuditSearch } from "@/features/audit/search";'],
    ["the contribution", 'import { feature } from "../../audit/feature";'],
    [
      "a declaration of another",
      'declare module "@/features/audit/search" { interface AuditSearch { colour: string } }\nexport {};',
    ],
  ])("refuses that a feature takes from another %s", (_, text) => {
    const found = planted({ "features/fleet/api/planted.ts": text });
    expect(found).toEqual([expect.stringMatching(/a feature imports another one only by its face, index\.ts$/)]);
  });

  it("lets a feature import another one by its face, but none in a circle", () => {
    const face = { "features/audit/index.ts": "export const face = 1;" };
    expect(planted({ ...face, "features/fleet/api/planted.ts": 'import { face } from "@/features/audit";' })).toEqual(
      [],
    );
    const back = { "features/fleet/index.ts": 'export { face } from "../audit";' };
    const circle = { "features/audit/api/planted.ts": 'import { face } from "@/features/fleet";' };
    expect(planted({ ...back, ...circle })).toEqual([
      expect.stringMatching(/^features: (audit → fleet → audit|fleet → audit → fleet) import each other in a circle$/),
    ]);
  });

  it("refuses that what all features share knows one of them", () => {
    const text = 'import type { FleetSearch } from "./fleet/search";';
    expect(planted({ "features/planted.ts": text })).toEqual([
      "features/planted.ts: imports features/fleet/search: what all features share must not know one of them",
    ]);
  });

  it("refuses that the app knows a feature besides its list, or the list an inside", () => {
    const why = /the app knows features by their feature\.ts, and only in app\/features\.ts$/;
    expect(planted({ "app/planted.ts": 'import { feature } from "@/features/fleet/feature";' })).toEqual([
      expect.stringMatching(why),
    ]);
    expect(planted({ "app/planted.ts": "", "app/features.ts": 'import "@/features/fleet/search";' })).toEqual([
      expect.stringMatching(why),
    ]);
  });

  it("refuses that a feature's parts know what stands on them", () => {
    const found = planted({
      "features/fleet/api/planted.ts": 'import "../components/columns";',
      "features/fleet/components/planted.ts": 'import "../routes/fleet-page";',
      "features/fleet/routes/planted.ts": 'import { feature } from "../feature";',
      "features/fleet/search.ts": 'import "./api/queries";',
    });
    expect(found.map((line) => line.split(": ").at(-1)).toSorted()).toEqual([
      "in a feature api stands below components",
      "in a feature components stands below routes",
      "in a feature routes stands below feature.ts",
      "in a feature search.ts stands below api",
    ]);
  });

  it("refuses names that no other feature has, and a feature that contributes nothing", () => {
    expect(planted({ "features/fleet/helpers.ts": "", "features/tickets/search.ts": "" })).toEqual([
      expect.stringMatching(/^features\/fleet\/helpers\.ts: a feature is made of search\.ts, api,/),
      "features/tickets: has no feature.ts to contribute it",
    ]);
  });

  it("refuses a folder in no layer, a file of over 400 lines, and generated types outside of the API", () => {
    const found = planted({
      "helpers/planted.ts": "",
      "lib/planted.ts": "\n".repeat(400),
      "components/planted.ts": 'import type { Client } from "@/api/generated/schema";',
    });
    expect(found.toSorted()).toEqual([
      "components/planted.ts: imports api/generated/schema: what is generated is named by api/contract",
      "helpers: stands in no layer (lib < api < components < features < app < main.tsx)",
      "lib/planted.ts: 401 lines, at most 400",
    ]);
  });
});
