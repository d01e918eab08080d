import { lazy, type ReactNode, Suspense, useMemo, useState } from "react";
import { type Acts, ActsProvider, type RunTarget } from "@/lib/acts";
import { useWhenIdle } from "@/lib/use-idle";

const loadRunDialog = () =>
  import("@/features/commands/components/run-dialog").then((module) => ({ default: module.RunDialog }));
const RunDialog = lazy(loadRunDialog);

/** Carries out the acts that several features start. */
export function ActsHost({ children }: { children: ReactNode }) {
  const [run, setRun] = useState<{ target: RunTarget; script?: string } | null>(null);
  useWhenIdle(() => void loadRunDialog().catch(() => undefined)); // asked for again when it is opened
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
