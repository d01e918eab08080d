import { Link } from "@tanstack/react-router";
import { CircleHelp, Search } from "lucide-react";
import { useMe } from "@/api/use-sign-in";
import { BrandMark } from "@/components/brand";
import { IconButton } from "@/components/button";
import { ConnectionChip } from "./connection-chip";
import { UserMenu } from "./user-menu";

const APPLE = /Mac|iPhone|iPad/.test(navigator.platform);

export function TopBar({ live, onPalette, onHelp }: { live: boolean; onPalette: () => void; onHelp: () => void }) {
  const me = useMe();
  return (
    <header className="flex h-12 shrink-0 items-center gap-2 border-b px-4 md:px-6">
      <Link to="/" className="flex min-w-0 items-center gap-2 md:hidden">
        <BrandMark className="size-6" />
        <span className="truncate font-medium text-sm">{me.partner_name ?? "Platform"}</span>
      </Link>
      <button
        type="button"
        onClick={onPalette}
        className="flex h-8 items-center gap-2 rounded-md border bg-canvas px-2.5 text-muted text-sm hover:border-muted/50 max-md:ml-auto max-md:border-0 md:w-80"
        aria-keyshortcuts="Control+K Meta+K"
      >
        <Search aria-hidden="true" className="size-4 md:size-3.5" />
        <span className="flex-1 text-left max-md:sr-only">Search or go to…</span>
        <kbd aria-hidden="true" className="font-mono text-xs max-md:hidden">
          {APPLE ? "⌘K" : "Ctrl K"}
        </kbd>
      </button>
      <div className="flex items-center gap-1 md:ml-auto">
        {live && <ConnectionChip />}
        <IconButton label="Keyboard shortcuts" onClick={onHelp} className="max-md:hidden">
          <CircleHelp aria-hidden="true" className="size-4" strokeWidth={1.75} />
        </IconButton>
        <div className="md:hidden">
          <UserMenu collapsed />
        </div>
      </div>
    </header>
  );
}
