import { ArrowDownToLine } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import type { CommandDetail } from "@/api/contract";
import { CopyButton } from "@/components/copy";
import { bytes } from "@/lib/format";
import { visibleBlock } from "@/lib/visible-text";
import type { OutputPiece } from "../api/live-output";
import { isActive } from "./command-status";

/** What the script said. Follows the end while one is at the end; errors of the script are marked. */
export function Output({ command, live }: { command: CommandDetail; live: OutputPiece[] | null }) {
  const pieces = useMemo<OutputPiece[]>(() => live ?? stored(command), [live, command]);
  const box = useRef<HTMLDivElement>(null);
  const [following, setFollowing] = useState(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is new output that moves the view
  useEffect(() => {
    if (following && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [pieces, following]);
  const empty = pieces.every((piece) => piece.text === "");
  const whole = pieces.map((piece) => piece.text).join("");
  return (
    <section className="flex min-h-48 flex-1 flex-col overflow-hidden rounded-lg border bg-terminal text-[oklch(0.93_0.01_260)]">
      <div className="flex h-9 shrink-0 items-center gap-2 border-b border-[oklch(0.3_0.016_260)] pr-2 pl-4 text-xs">
        <span className="flex-1 text-[oklch(0.72_0.02_260)]">Output</span>
        {!following && (
          <button
            type="button"
            className="inline-flex items-center gap-1 text-[oklch(0.78_0.14_195)] hover:underline"
            onClick={() => setFollowing(true)}
          >
            <ArrowDownToLine aria-hidden="true" className="size-3" /> Follow
          </button>
        )}
        {!empty && <CopyButton value={whole} label="Copy the output" />}
      </div>
      <div
        ref={box}
        role="log"
        aria-label="Output"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region has to be reachable by keyboard
        tabIndex={0}
        onScroll={({ currentTarget: element }) =>
          setFollowing(element.scrollHeight - element.scrollTop - element.clientHeight < 40)
        }
        className="min-h-0 flex-1 overflow-auto px-4 py-3"
      >
        {empty ? (
          <p className="text-[oklch(0.72_0.02_260)] text-sm">
            {isActive(command) ? "Nothing yet." : "The command said nothing."}
          </p>
        ) : (
          <pre className="whitespace-pre-wrap font-mono text-[13px] leading-[1.45] [overflow-wrap:anywhere]">
            {pieces.map((piece, index) => (
              <span
                // biome-ignore lint/suspicious/noArrayIndexKey: pieces only ever grow at the end
                key={index}
                className={piece.stream === "stderr" ? "text-[oklch(0.75_0.16_25)]" : undefined}
                title={piece.stream === "stderr" ? "stderr" : undefined}
              >
                {visibleBlock(piece.text)}
              </span>
            ))}
          </pre>
        )}
      </div>
      {command.dropped_bytes > 0 && (
        <p className="border-t border-[oklch(0.3_0.016_260)] px-4 py-1.5 text-[oklch(0.82_0.15_85)] text-xs">
          {bytes(command.dropped_bytes)} of output were dropped: more than is kept of one command.
        </p>
      )}
    </section>
  );
}

function stored(command: CommandDetail): OutputPiece[] {
  const pieces: OutputPiece[] = [{ stream: "stdout", text: command.stdout }];
  if (command.stderr !== "") pieces.push({ stream: "stderr", text: command.stderr });
  return pieces;
}
