import { useInfiniteQuery } from "@tanstack/react-query";
import { History } from "lucide-react";
import { useMemo } from "react";
import { rowsOf } from "@/api/queries";
import { Button } from "@/components/button";
import { Menu } from "@/components/menu";
import { commandsQuery } from "../api/queries";
import { type RecentScript, recentScripts } from "../api/recent-scripts";
import { scriptTitle } from "./columns";

const SHOWN = 10;
const LOOKED_AT = 100;

/** The scripts that were run last, to run again. */
export function RecentScripts({
  shells,
  onChoose,
}: {
  shells: readonly string[];
  onChoose: (script: { shell: string; script: string }) => void;
}) {
  const commands = useInfiniteQuery(commandsQuery({ sort: "-created_at" }, LOOKED_AT));
  const found = useMemo<RecentScript[]>(
    () => recentScripts(rowsOf(commands.data), shells, SHOWN),
    [commands.data, shells],
  );
  if (found.length === 0) return null;
  return (
    <Menu
      align="start"
      items={found.map(({ shell, script }) => ({
        key: `${shell} ${script}`,
        label: `${scriptTitle(script).slice(0, 60)} · ${shell}`,
        onSelect: () => onChoose({ shell, script }),
      }))}
      trigger={
        <Button size="small">
          <History aria-hidden="true" className="size-3" /> Recent scripts
        </Button>
      }
    />
  );
}
