import type { ComponentProps, ReactNode } from "react";
import { cn } from "@/lib/cn";

export function Card({ className, ...props }: ComponentProps<"section">) {
  return <section {...props} className={cn("rounded-lg border bg-raised", className)} />;
}

/** Figures beside each other: five in a row where there is room; where there are two, a last odd one takes both places. */
export function CardRow({ className, ...props }: ComponentProps<"div">) {
  return (
    <div
      {...props}
      className={cn(
        "grid grid-cols-2 gap-3 md:grid-cols-3 xl:grid-cols-5 max-md:[&>:last-child:nth-child(odd)]:col-span-2",
        className,
      )}
    />
  );
}

export function CardHeader({
  title,
  children,
  className,
}: {
  title: ReactNode;
  children?: ReactNode;
  className?: string;
}) {
  return (
    <div className={cn("flex min-h-11 items-center gap-2 border-b px-4 py-2", className)}>
      <h2 className="min-w-0 flex-1 truncate text-sm font-semibold">{title}</h2>
      {children}
    </div>
  );
}
