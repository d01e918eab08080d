import { type ReactNode, useEffect } from "react";
import { BrandMark } from "@/components/brand";
import { cn } from "@/lib/cn";
import { takeEarlyKeys } from "@/lib/early-keys";

/** The frame of the pages before one is inside. */
export function Entrance({ title, wide = false, children }: { title: string; wide?: boolean; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · GuruRMM`;
  }, [title]);
  useEffect(() => void takeEarlyKeys(), []); // there is no palette here
  return (
    <main className="grid min-h-dvh place-items-center px-4 py-10">
      <div className={cn("w-full", wide ? "max-w-[520px]" : "max-w-[360px]")}>
        <div className="mb-8 flex items-center gap-3">
          <BrandMark className="size-9" />
          <div className="leading-tight">
            <p className="font-bold text-lg tracking-[0.08em]">GURURMM</p>
            <p className="font-medium text-muted text-xs tracking-[0.1em]">MISSION CONTROL</p>
          </div>
        </div>
        <h1 className="mb-5 font-semibold text-xl tracking-tight">{title}</h1>
        {children}
      </div>
    </main>
  );
}
