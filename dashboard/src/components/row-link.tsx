import { useRouter } from "@tanstack/react-router";
import type { ComponentProps } from "react";

/** A link in a row of a long table: it costs nothing to draw, where the router's own one watches every navigation. */
export function RowLink({ href, onClick, ...props }: ComponentProps<"a"> & { href: string }) {
  const router = useRouter();
  return (
    <a
      {...props}
      href={href}
      onPointerEnter={() => void router.preloadRoute({ to: href }).catch(() => undefined)}
      onClick={(event) => {
        onClick?.(event);
        const ownMeaning = event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
        if (event.defaultPrevented || ownMeaning) return;
        event.preventDefault();
        router.history.push(href);
      }}
    />
  );
}
