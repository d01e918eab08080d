import { lazy } from "react";

export const Palette = lazy(() => import("./palette").then((module) => ({ default: module.Palette })));
