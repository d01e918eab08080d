import { SquareTerminal } from "lucide-react";
import { lazyPage } from "@/components/lazy-page";
import { lazyPart } from "@/components/lazy-part";
import { defineFeature, tab } from "@/features/define-feature";
import { validateTerminalSearch } from "./search";

/** A shell on a machine. */
export const feature = defineFeature({
  name: "terminal",
  permissions: ["tunnel.open"],
  tabs: [
    tab({
      of: "machine",
      path: "/terminal",
      needs: "tunnel.open",
      search: validateTerminalSearch,
      component: lazyPage(() => import("./routes/terminal-tab"), "TerminalTab"),
      label: "Terminal",
      order: 20,
      fill: true,
    }),
  ],
  machineWays: [
    {
      to: "/agents/$agentId/terminal",
      label: "Terminal",
      name: "Open a terminal",
      icon: SquareTerminal,
      needs: "tunnel.open",
      order: 10,
    },
  ],
  sidebar: lazyPart(() => import("./components/open-terminals").then((module) => module.OpenTerminals)),
  keys: [
    ["Shift Esc", "Leave the terminal"],
    ["Ctrl Shift F", "Find in the terminal"],
    ["Ctrl Shift C, V", "Copy, paste in the terminal"],
  ],
});
