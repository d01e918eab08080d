import { ChevronsUpDown } from "lucide-react";
import { api } from "@/api/http";
import { adopt } from "@/api/sign-in";
import { labelOf, useMe } from "@/api/use-sign-in";
import { Menu } from "@/components/menu";
import { notifyError } from "@/components/notify";
import { cn } from "@/lib/cn";

/** The Partner one works in; a switch for people who belong to several. */
export function PartnerSwitcher({ collapsed }: { collapsed: boolean }) {
  const me = useMe();
  const name = me.partner_name ?? "Platform";
  if (collapsed) return null;
  const others = me.partners.filter((partner) => partner.tenant_id !== me.tenant_id);
  const shape = "mx-2 flex h-9 w-[calc(100%-16px)] items-center gap-2 rounded-md border bg-canvas px-2.5 text-sm";
  if (others.length === 0) {
    return (
      <div className={shape} title={name}>
        <span className="truncate font-medium">{name}</span>
      </div>
    );
  }
  const enter = (tenantId: string) =>
    api
      .post("/auth/switch-partner", { body: { tenant_id: tenantId } })
      .then(adopt, (error) => notifyError("We could not switch.", error));
  return (
    <Menu
      align="start"
      items={others.map((partner) => ({ label: partner.name, onSelect: () => void enter(partner.tenant_id) }))}
      trigger={
        <button
          type="button"
          className={cn(shape, "hover:bg-overlay")}
          aria-label={`${labelOf(me, "partner")}: ${name}. Switch`}
        >
          <span className="min-w-0 flex-1 truncate text-left font-medium">{name}</span>
          <ChevronsUpDown aria-hidden="true" className="size-3.5 shrink-0 text-muted" />
        </button>
      }
    />
  );
}
