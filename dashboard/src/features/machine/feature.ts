import { Monitor } from "lucide-react";
import { lazyPage } from "@/components/lazy-page";
import { defineFeature, layout, tab } from "@/features/define-feature";
import { reducers } from "./api/live";
import {
  validateHistorySearch,
  validateOverviewSearch,
  validateProcessesSearch,
  validateSoftwareSearch,
  validateStorageSearch,
} from "./search";

/** One machine's page: its head, and the tabs that look into it. */
export const feature = defineFeature({
  name: "machine",
  permissions: ["agents.inspect", "agents.write", "agents.delete"],
  layouts: [
    layout({
      name: "machine",
      path: "/agents/$agentId",
      component: lazyPage(() => import("./routes/machine-layout"), "MachineLayout"),
    }),
  ],
  tabs: [
    tab({
      of: "machine",
      path: "/",
      search: validateOverviewSearch,
      component: lazyPage(() => import("./routes/overview-tab"), "OverviewTab"),
      label: "Overview",
      order: 10,
    }),
    tab({
      of: "machine",
      path: "/processes",
      needs: "agents.inspect",
      search: validateProcessesSearch,
      component: lazyPage(() => import("./routes/processes-tab"), "ProcessesTab"),
      label: "Processes",
      order: 30,
      fill: true,
    }),
    tab({
      of: "machine",
      path: "/storage",
      search: validateStorageSearch,
      component: lazyPage(() => import("./routes/storage-tab"), "StorageTab"),
      label: "Storage",
      order: 40,
    }),
    tab({
      of: "machine",
      path: "/software",
      search: validateSoftwareSearch,
      component: lazyPage(() => import("./routes/software-tab"), "SoftwareTab"),
      label: "Software",
      order: 50,
      fill: true,
    }),
    tab({
      of: "machine",
      path: "/history",
      search: validateHistorySearch,
      component: lazyPage(() => import("./routes/history-tab"), "HistoryTab"),
      label: "History",
      order: 80,
      fill: true,
    }),
  ],
  reducers,
  events: [
    {
      noun: "agent",
      icon: Monitor,
      names: {
        "agent.enrolled": "Machine added",
        "agent.online": "Machine online",
        "agent.offline": "Machine offline",
        "agent.inventory_changed": "Inventory changed",
        "agent.order_refused": "Order refused",
        "agent.doubled": "Machine copied",
      },
      many: {
        "agent.enrolled": (machines) => `${machines} were added.`,
        "agent.online": (machines) => `${machines} came online.`,
        "agent.offline": (machines) => `${machines} went offline.`,
        "agent.inventory_changed": (machines) => `The inventory of ${machines} changed.`,
      },
      tones: {
        "agent.online": "text-ok",
        "agent.offline": "text-muted",
        "agent.enrolled": "text-accent",
        "agent.order_refused": "text-bad",
        "agent.doubled": "text-bad",
      },
    },
  ],
});
