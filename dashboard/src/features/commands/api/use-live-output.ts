import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { keys } from "@/api/keys";
import type { LiveOutput } from "./live";
import { LiveOutputBuffer, type OutputPiece } from "./live-output";
import { useCommandOutput } from "./use-command-output";

const DRAW_EVERY_MS = 80;
const READ_EVERY_MS = 1000;

/**
 * The output of a running command as it arrives, or null when the stored output is to be shown: before the first
 * piece, and when this page came too late for the beginning (then the stored output is read again as more arrives).
 */
export function useLiveOutput(id: string, active: boolean): OutputPiece[] | null {
  const cache = useQueryClient();
  const buffer = useRef(new LiveOutputBuffer());
  const drawing = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const reading = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const [pieces, setPieces] = useState<OutputPiece[] | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another command begins with nothing
  useEffect(() => {
    buffer.current = new LiveOutputBuffer();
    setPieces(null);
    return () => {
      clearTimeout(drawing.current);
      clearTimeout(reading.current);
      drawing.current = undefined;
      reading.current = undefined;
    };
  }, [id]);
  const take = useCallback(
    (output: LiveOutput) => {
      if (output.id !== id) return;
      if (buffer.current.add(output)) {
        drawing.current ??= setTimeout(() => {
          drawing.current = undefined;
          setPieces(buffer.current.pieces);
        }, DRAW_EVERY_MS);
      } else if (buffer.current.hasGap) {
        reading.current ??= setTimeout(() => {
          reading.current = undefined;
          void cache.invalidateQueries({ queryKey: keys.command(id) });
        }, READ_EVERY_MS);
      }
    },
    [cache, id],
  );
  useCommandOutput(active ? [id] : [], take);
  return pieces;
}
