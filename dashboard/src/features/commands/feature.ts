import { Play, SquareChevronRight } from "lucide-react";
import { lazyPage } from "@/components/lazy-page";
import { defineFeature, page, tab } from "@/features/define-feature";
import { invalidations, reducers } from "./api/live";
import { loadRunDialog, openRunDialog } from "./components/open-run-dialog";
import { validateCommandsSearch, validateRunSearch } from "./search";

/** Scripts that are run on machines, and what they said. */
export const feature = defineFeature({
  name: "commands",
  permissions: ["commands.read", "commands.run", "commands.delete"],
  pages: [
    page({
      path: "/commands",
      needs: "commands.read",
      search: validateCommandsSearch,
      component: lazyPage(() => import("./routes/commands-page"), "CommandsPage"),
      section: { label: "Commands", icon: SquareChevronRight, order: 30, essential: true },
    }),
    page({
      path: "/commands/$commandId",
      needs: "commands.read",
      component: lazyPage(() => import("./routes/command-page"), "CommandPage"),
    }),
    page({
      path: "/commands/batch/$batchId",
      needs: "commands.read",
      search: validateRunSearch,
      component: lazyPage(() => import("./routes/batch-page"), "BatchPage"),
    }),
  ],
  tabs: [
    tab({
      of: "machine",
      path: "/commands",
      needs: "commands.read",
      search: validateCommandsSearch,
      component: lazyPage(() => import("./routes/machine-commands-tab"), "MachineCommandsTab"),
      label: "Commands",
      order: 60,
      fill: true,
    }),
  ],
  machineActs: [
    {
      label: "Run command",
      icon: Play,
      needs: "commands.run",
      order: 10,
      start: (target, open) => openRunDialog(target, open),
    },
  ],
  reducers,
  invalidations,
  events: [
    {
      noun: "command",
      icon: SquareChevronRight,
      names: { "command.queued": "Command queued", "command.completed": "Command completed" },
      many: {
        "command.queued": (machines) => `Commands were queued for ${machines}.`,
        "command.completed": (machines) => `Commands ended on ${machines}.`,
      },
    },
  ],
  preload: loadRunDialog,
});
