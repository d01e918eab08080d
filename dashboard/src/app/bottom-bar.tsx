import { Link } from "@tanstack/react-router";
import { useMe } from "@/api/use-sign-in";
import { useFeatures } from "@/features/collected";
import { sectionsFor } from "./navigation";

/** The sections on a phone. What has no room here is reached by the palette and from Mission Control. */
export function BottomBar() {
  const me = useMe();
  const features = useFeatures();
  return (
    <nav aria-label="Main" className="flex shrink-0 border-t bg-raised pb-[env(safe-area-inset-bottom)] md:hidden">
      {sectionsFor(features, me)
        .filter((section) => section.essential)
        .map(({ to, short, icon: Icon }) => (
          <Link
            key={to}
            to={to}
            activeOptions={{ exact: to === "/", includeSearch: false }}
            className="flex min-w-0 flex-1 flex-col items-center gap-0.5 px-1 pt-2 pb-1.5 text-muted text-xs"
            activeProps={{ className: "!text-accent", "aria-current": "page" }}
          >
            <Icon aria-hidden="true" className="size-5" strokeWidth={1.75} />
            <span className="max-w-full truncate">{short}</span>
          </Link>
        ))}
    </nav>
  );
}
