import { lazy, type ReactNode, Suspense, useMemo, useState } from "react";
import { type Acts, ActsProvider, type RunTarget } from "@/lib/acts";

const RunDialog = lazy(() =>
  import("@/features/commands/components/run-dialog").then((module) => ({ default: module.RunDialog })),
);

/** Carries out the acts that several features start. */
export function ActsHost({ children }: { children: ReactNode }) {
  const [run, setRun] = useState<{ target: RunTarget; script?: string } | null>(null);
  const acts = useMemo<Acts>(() => ({ runCommand: (target, script) => setRun({ target, script }) }), []);
  return (
    <ActsProvider value={acts}>
      {children}
      {run && (
        <Suspense>
          <RunDialog target={run.target} script={run.script} onClose={() => setRun(null)} />
        </Suspense>
      )}
    </ActsProvider>
  );
}
