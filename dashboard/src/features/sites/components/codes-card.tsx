import { useQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRound, RefreshCw } from "lucide-react";
import { useState } from "react";
import type { SiteCode } from "@/api/contract";
import { keys } from "@/api/keys";
import { useAct } from "@/api/use-act";
import { useCan, useLabel } from "@/api/use-sign-in";
import { Badge, type Tone } from "@/components/badge";
import { Button } from "@/components/button";
import { Card, CardHeader } from "@/components/card";
import { useConfirm } from "@/components/confirm";
import { CopyButton, CopyLine } from "@/components/copy";
import { notifyDone, notifyError } from "@/components/notify";
import { EmptyState, ErrorState, SkeletonLines } from "@/components/states";
import { Time } from "@/components/time";
import { cn } from "@/lib/cn";
import { count, counted, words } from "@/lib/format";
import { acts, codesQuery } from "../api/queries";
import { CodeDialog } from "./code-dialog";
import { WaitingForMachine } from "./waiting-for-machine";

const TONES: Record<SiteCode["state"], Tone> = { active: "ok", expired: "warn", used_up: "warn", revoked: "neutral" };

const LOOPBACK = /\/\/(localhost|127\.\d+\.\d+\.\d+|\[::1\])[:/]/;

/** How a machine is added to a Site: the command to paste, and the codes behind it. */
export function CodesCards({ siteId }: { siteId: string }) {
  const label = useLabel();
  const canWrite = useCan("codes.write");
  const codes = useQuery(codesQuery(siteId));
  const [making, setMaking] = useState<"new" | "rotate" | null>(null);
  if (codes.isPending) {
    return (
      <Card>
        <SkeletonLines lines={5} className="p-4" />
      </Card>
    );
  }
  if (codes.isError && !codes.data) {
    return (
      <Card>
        <ErrorState
          error={codes.error}
          what={`We could not load the ${label("site")} codes.`}
          onRetry={() => codes.refetch()}
        />
      </Card>
    );
  }
  const { items } = codes.data;
  const active = items.filter((code) => code.state === "active");
  const [current] = active;
  const create = canWrite && (
    <Button variant={current ? "plain" : "primary"} onClick={() => setMaking("new")}>
      <KeyRound aria-hidden="true" className="size-3.5" /> New code
    </Button>
  );
  return (
    <>
      <Card>
        <CardHeader title="Add a machine" />
        {current ? (
          <div className="space-y-4 p-4">
            <div>
              <p className="pb-1.5 text-sm">
                <span className="font-medium">Linux:</span>{" "}
                <span className="text-muted">run this as root on the machine. It appears here seconds later.</span>
              </p>
              <CopyLine value={current.install_command} label="Copy the install command" />
              {LOOPBACK.test(current.install_command) && (
                <p className="pt-1.5 text-warn text-xs">
                  This address reaches the server from this machine only. For others, open this page by an address that
                  they reach, or start GuruRMM with --public-url.
                </p>
              )}
            </div>
            <div>
              <p className="pb-1.5 text-muted text-sm">Or send this page to whoever sits at the machine:</p>
              <CopyLine value={current.landing_url} label="Copy the link" />
            </div>
            <WaitingForMachine siteId={siteId} />
            <p className="text-muted text-xs">
              With code <code className="font-mono text-ink">{current.code}</code>
              {current.expires_at && (
                <>
                  , good until <Time at={current.expires_at} className="text-ink" />
                </>
              )}
              {current.max_uses !== null &&
                `, for ${count(Math.max(0, current.max_uses - current.uses))} more machines`}
              .
            </p>
          </div>
        ) : (
          <EmptyState icon={KeyRound} act={create}>
            The install command will appear here. It needs an active code, and this {label("site")} has none.
          </EmptyState>
        )}
      </Card>
      {items.length > 0 && (
        <Card>
          <CardHeader title={`${label("site")} codes`}>
            {create}
            {canWrite && active.length > 0 && (
              <Button onClick={() => setMaking("rotate")}>
                <RefreshCw aria-hidden="true" className="size-3.5" /> Rotate
              </Button>
            )}
          </CardHeader>
          <ul className="divide-y divide-line/60">
            {items.map((code) => (
              <CodeLine key={code.id} siteId={siteId} code={code} canWrite={canWrite} />
            ))}
          </ul>
        </Card>
      )}
      {making && (
        <CodeDialog
          siteId={siteId}
          rotate={making === "rotate"}
          active={active.length}
          onClose={() => setMaking(null)}
        />
      )}
    </>
  );
}

function CodeLine({ siteId, code, canWrite }: { siteId: string; code: SiteCode; canWrite: boolean }) {
  const cache = useQueryClient();
  const confirm = useConfirm();
  const revoke = useAct({
    mutationFn: () => acts.revokeCode(siteId, code.id),
    onSuccess: async () => {
      await cache.invalidateQueries({ queryKey: [...keys.sites, "codes", siteId] });
      notifyDone("The code was revoked.");
    },
    onError: (error) => notifyError("The code was not revoked.", error),
  });
  const ask = async () => {
    const sure = await confirm({
      title: "Revoke this code?",
      consequence: `Install commands with ${code.code} stop working. The ${counted(code.uses, "machine")} enrolled with it ${code.uses === 1 ? "is" : "are"} not touched.`,
      act: "Revoke",
    });
    if (sure) revoke.mutate();
  };
  const live = code.state === "active";
  return (
    <li className={cn("flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2 text-sm", !live && "text-muted")}>
      <span className="flex items-center gap-1">
        <code className={cn("font-mono", !live && "line-through")}>{code.code}</code>
        {live && <CopyButton value={code.code} label="Copy the code" />}
      </span>
      <Badge tone={TONES[code.state]}>{words(code.state)}</Badge>
      <span className="text-muted text-xs">
        {code.max_uses === null ? `Used ${count(code.uses)}×` : `Used ${count(code.uses)} of ${count(code.max_uses)}`}
        {" · "}
        {code.revoked_at ? (
          <>
            revoked <Time at={code.revoked_at} />
          </>
        ) : code.expires_at ? (
          <>
            expires <Time at={code.expires_at} />
          </>
        ) : (
          "never expires"
        )}
        {" · "}made <Time at={code.created_at} />
        {code.created_by && ` by ${code.created_by}`}
      </span>
      {canWrite && live && (
        <Button size="small" variant="quiet" className="ml-auto" onClick={() => void ask()} busy={revoke.isPending}>
          Revoke
        </Button>
      )}
    </li>
  );
}
