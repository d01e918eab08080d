import { Tags } from "lucide-react";
import { defineFeature } from "@/features/define-feature";
import { openTagDialog } from "./components/open-tag-dialog";

/** Words on machines by which they are found. */
export const feature = defineFeature({
  name: "tags",
  permissions: ["tags.write"],
  machineActs: [{ label: "Tags", icon: Tags, needs: "tags.write", order: 30, start: openTagDialog }],
});
