import { ArrowDownToLine } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import type { CommandDetail } from "@/api/contract";
import { CopyButton } from "@/components/copy";
import { count } from "@/lib/format";
import type { OutputPiece } from "../api/live-output";
import { type Run, Screen } from "./ansi";
import { isActive } from "./command-status";
import { OutputRun } from "./output-run";

/** What the script said, in its order and its colours. Follows the end while one is at the end; errors are marked. */
export function Output({ command, live }: { command: CommandDetail; live: OutputPiece[] | null }) {
  const pieces: OutputPiece[] = live ?? command.output;
  const parts = useMemo(() => partsOf(pieces), [pieces]);
  const box = useRef<HTMLDivElement>(null);
  const [following, setFollowing] = useState(true);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is new output that moves the view
  useEffect(() => {
    if (following && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [pieces, following]);
  const empty = pieces.every((piece) => piece.text === "");
  const copied = parts.map((part) => (typeof part === "string" ? `\n${part}\n` : part.text)).join("");
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
        {!empty && <CopyButton value={copied} label="Copy the output" />}
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
            {parts.map((part, index) =>
              typeof part === "string" ? (
                // biome-ignore lint/suspicious/noArrayIndexKey: parts only ever grow at the end
                <Gap key={index} text={part} />
              ) : (
                // biome-ignore lint/suspicious/noArrayIndexKey: as above
                <OutputRun key={index} run={part} />
              ),
            )}
          </pre>
        )}
      </div>
      {command.dropped_bytes > 0 && (
        <p className="border-t border-[oklch(0.3_0.016_260)] px-4 py-1.5 text-[oklch(0.82_0.15_85)] text-xs">
          {gap(command.dropped_bytes)}: of a long output the beginning and the end are kept.
        </p>
      )}
      {isActive(command) && copied.length >= HELD_BACK_FROM && (
        <p className="border-t border-[oklch(0.3_0.016_260)] px-4 py-1.5 text-[oklch(0.82_0.15_85)] text-xs">
          A long output: its end follows when the command is over.
        </p>
      )}
    </section>
  );
}

/** So much of one stream a machine sends while the command runs. */
const HELD_BACK_FROM = 256 * 1024;

/** What is on the screen, and between it sentences for what is left out. */
function partsOf(pieces: OutputPiece[]): (Run | string)[] {
  const parts: (Run | string)[] = [];
  let screen = new Screen();
  for (const { text, stream, skipped } of pieces) {
    if (skipped > 0) {
      parts.push(...screen.runs, `${gap(skipped)} (${stream})`);
      screen = new Screen();
    }
    screen.write(text, stream);
  }
  return [...parts, ...screen.runs];
}

function gap(size: number): string {
  return `${count(size)} ${size === 1 ? "byte is" : "bytes are"} left out`;
}

function Gap({ text }: { text: string }) {
  return (
    <span className="my-1 block border-[oklch(0.3_0.016_260)] border-y py-1 text-[oklch(0.82_0.15_85)]">{text}</span>
  );
}
