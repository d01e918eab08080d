import { ShieldAlert } from "lucide-react";
import { useState } from "react";
import { api } from "@/api/http";
import { adopt } from "@/api/sign-in";
import { useMe } from "@/api/use-sign-in";
import { notifyError } from "@/components/notify";

/** Says all the time that somebody of the Platform is inside a Partner, and offers the way out. */
export function PartnerBanner() {
  const me = useMe();
  const [leaving, setLeaving] = useState(false);
  if (me.role !== "platform_admin" || me.tenant_id === null) return null;
  const leave = () => {
    setLeaving(true);
    api
      .post("/platform/leave")
      .then(adopt, (error) => notifyError("You are still inside.", error))
      .finally(() => setLeaving(false));
  };
  return (
    <div
      role="status"
      className="flex shrink-0 items-center gap-2 bg-warn px-4 py-1.5 font-medium text-canvas text-sm md:px-6"
    >
      <ShieldAlert aria-hidden="true" className="size-4 shrink-0" />
      <span className="min-w-0 flex-1">
        You are inside {me.partner_name} as a Platform admin. Everything you do is recorded in its audit.
      </span>
      <button
        type="button"
        onClick={leave}
        disabled={leaving}
        className="shrink-0 rounded px-2 py-0.5 underline hover:bg-canvas/15"
      >
        Leave
      </button>
    </div>
  );
}
