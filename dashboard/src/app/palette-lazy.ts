import { lazy } from "react";

const load = () => import("./palette").then((module) => ({ default: module.Palette }));
export const Palette = lazy(load);

/** Fetches the palette's code ahead, so that no key is lost between ⌘K and its field. */
export function preloadPalette(): Promise<unknown> {
  return load();
}
