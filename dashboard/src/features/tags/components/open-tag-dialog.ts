import { createElement, lazy } from "react";
import type { OpenDialog } from "@/components/dialog-host";
import type { MachineTarget } from "@/features/define-feature";

const TagDialog = lazy(() => import("./tag-dialog").then((module) => ({ default: module.TagDialog })));

/** Hangs tags on machines, and takes them off. */
export function openTagDialog(target: MachineTarget, open: OpenDialog): void {
  open((close) => createElement(TagDialog, { target, onClose: close }));
}
