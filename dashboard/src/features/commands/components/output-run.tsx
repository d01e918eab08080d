import { memo } from "react";
import { cn } from "@/lib/cn";
import { visibleBlock } from "@/lib/visible-text";
import type { Run } from "./ansi";

/** A piece of output in its own colours, on the dark ground of a terminal. */
export const OutputRun = memo(function OutputRun({ run }: { run: Run }) {
  const { style, stream } = run;
  const [color, background] = style.inverse
    ? [style.background ?? "0", style.color ?? "7"]
    : [style.color, style.background];
  return (
    <span
      className={cn(
        stream === "stderr" && "text-[oklch(0.75_0.16_25)]",
        style.bold && "font-bold",
        style.dim && "opacity-70",
        style.italic && "italic",
        style.underline && "underline",
        style.strike && "line-through",
      )}
      style={
        color === undefined && background === undefined
          ? undefined
          : { color: shade(color), backgroundColor: shade(background) }
      }
      title={stream === "stderr" ? "stderr" : undefined}
    >
      {visibleBlock(run.text)}
    </span>
  );
});

/** The sixteen colours of the terminal's theme, each to be read on the dark ground. */
const SHADES = [
  "oklch(0.45 0.02 260)",
  "oklch(0.72 0.17 25)",
  "oklch(0.78 0.15 150)",
  "oklch(0.83 0.14 85)",
  "oklch(0.72 0.13 255)",
  "oklch(0.75 0.15 325)",
  "oklch(0.8 0.12 200)",
  "oklch(0.85 0.01 260)",
  "oklch(0.62 0.02 260)",
  "oklch(0.8 0.15 25)",
  "oklch(0.87 0.17 150)",
  "oklch(0.91 0.14 95)",
  "oklch(0.82 0.11 255)",
  "oklch(0.84 0.13 325)",
  "oklch(0.89 0.11 200)",
  "oklch(0.98 0 0)",
];

function shade(color: string | undefined): string | undefined {
  if (color === undefined) return undefined;
  return color.includes(",") ? `rgb(${color})` : SHADES[Number(color)];
}
