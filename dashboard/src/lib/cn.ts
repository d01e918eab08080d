import { type ClassValue, clsx } from "clsx";
import { twMerge } from "tailwind-merge";

/** Class names joined, the later one winning where two set the same property. */
export function cn(...values: ClassValue[]): string {
  return twMerge(clsx(values));
}
