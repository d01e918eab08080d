import { Link } from "@tanstack/react-router";
import { count, counted } from "@/lib/format";

/** "12/14", leading to those machines. */
export function OnlineCount({
  online,
  total,
  place,
}: {
  online: number;
  total: number;
  place: { client_id: string } | { site_id: string };
}) {
  return (
    <Link
      to="/fleet"
      search={place}
      className="font-mono text-xs hover:underline"
      title={`${count(online)} of ${counted(total, "machine")} online`}
    >
      {count(online)}
      <span className="text-muted">/{count(total)}</span>
    </Link>
  );
}
