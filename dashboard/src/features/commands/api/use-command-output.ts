import { useCallback } from "react";
import { useLiveInterest, useLiveMessages } from "@/api/live";
import type { LiveOutput } from "./live";

const AT_MOST = 200;
const NOTHING = { type: "commands", ids: [] };

/** Follows commands live: the listener, which has to be stable, gets every piece of output of these ids. */
export function useCommandOutput(ids: string[], listener: (output: LiveOutput) => void): void {
  const joined = ids.slice(0, AT_MOST).join(",");
  useLiveInterest(joined === "" ? null : { type: "commands", ids: joined.split(",") }, NOTHING);
  useLiveMessages(
    "output",
    useCallback(
      (output: LiveOutput) => {
        if (joined.split(",").includes(output.id)) listener(output);
      },
      [joined, listener],
    ),
  );
}
