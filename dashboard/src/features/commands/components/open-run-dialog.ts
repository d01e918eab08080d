import { createElement, lazy } from "react";
import type { OpenDialog } from "@/components/dialog-host";
import type { MachineTarget } from "@/features/define-feature";

export const loadRunDialog = () => import("./run-dialog").then((module) => ({ default: module.RunDialog }));
const RunDialog = lazy(loadRunDialog);

/** Asks for a script to run on machines, and runs it; `script` and `shell` are what stands there at first. */
export function openRunDialog(
  target: MachineTarget,
  open: OpenDialog,
  { script, shell }: { script?: string; shell?: string } = {},
): void {
  open((close) => createElement(RunDialog, { target, script, shell, onClose: close }));
}
