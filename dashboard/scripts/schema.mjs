// Makes src/api/generated/schema.ts of openapi.json; with --check says whether that is what stands there. Whether
// openapi.json is what the server of this checkout says, `make check` compares.
import { readFileSync, writeFileSync } from "node:fs";
import openapiTS, { astToString, COMMENT_HEADER } from "openapi-typescript";

const DOCUMENT = new URL("../openapi.json", import.meta.url);
const SCHEMA = new URL("../src/api/generated/schema.ts", import.meta.url);

const types = await openapiTS(DOCUMENT, { rootTypes: true, rootTypesNoSchemaPrefix: true });
const made = `${COMMENT_HEADER}${astToString(types)}`;
if (!process.argv.includes("--check")) {
  writeFileSync(SCHEMA, made);
} else if (made !== readFileSync(SCHEMA, "utf8")) {
  process.stderr.write(
    "src/api/generated/schema.ts is not what openapi.json says. Run `pnpm generate` in dashboard/.\n",
  );
  process.exit(1);
}
