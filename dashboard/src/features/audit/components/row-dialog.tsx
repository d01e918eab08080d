import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { AuditRow } from "@/api/contract";
import { useMe } from "@/api/use-sign-in";
import { CopyButton } from "@/components/copy";
import { Dialog } from "@/components/dialog";
import { MachineText } from "@/components/machine-text";
import { count, exactTime } from "@/lib/format";
import { visibleBlock } from "@/lib/visible-text";
import { auditSentence, CHAINS } from "../api/sentences";

/** One row of the audit, whole. */
export function AuditRowDialog({ row, onClose }: { row: AuditRow; onClose: () => void }) {
  const me = useMe();
  return (
    <Dialog
      open
      onClose={onClose}
      title={auditSentence(row, me)}
      description={exactTime(row.at)}
      className="md:w-[640px]"
    >
      <dl className="space-y-2.5 text-sm">
        <Fact name="Operation">
          <span className="font-mono">{row.operation}</span>
        </Fact>
        <Fact name="Row">
          {CHAINS[row.kind]} <span className="font-mono">{count(row.seq)}</span>
        </Fact>
        <Fact name="Person">{row.actor ?? "The system"}</Fact>
        {row.agent_id && (
          <Fact name="Machine">
            <Link to="/agents/$agentId" params={{ agentId: row.agent_id }} className="hover:underline">
              <MachineText className="break-all">{row.hostname ?? row.agent_id}</MachineText>
            </Link>
          </Fact>
        )}
        {row.session_id && (
          <Fact name="Session">
            <Link
              to="/sessions/$sessionId"
              params={{ sessionId: row.session_id }}
              className="break-all font-mono text-accent text-xs hover:underline"
            >
              {row.session_id}
            </Link>
            {row.channel_id !== null && <span className="text-muted"> channel {row.channel_id}</span>}
          </Fact>
        )}
        {row.input !== null && (
          <Fact name="Input">
            <Block text={row.input} />
          </Fact>
        )}
        {row.details && Object.keys(row.details).length > 0 && (
          <Fact name="Details">
            <details>
              <summary className="text-muted text-xs leading-5 hover:text-ink">As JSON</summary>
              <Block text={JSON.stringify(row.details, null, 2)} />
            </details>
          </Fact>
        )}
        <Fact name="Hash">
          <span className="flex items-start gap-1">
            <span className="break-all font-mono text-muted text-xs leading-6">{row.hash}</span>
            <CopyButton value={row.hash} label="Copy the hash" />
          </span>
        </Fact>
      </dl>
    </Dialog>
  );
}

function Block({ text }: { text: string }) {
  return (
    <pre className="max-h-72 overflow-auto whitespace-pre-wrap rounded-md border bg-canvas p-3 font-mono text-xs [overflow-wrap:anywhere]">
      {visibleBlock(text)}
    </pre>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="grid grid-cols-[84px_minmax(0,1fr)] gap-2">
      <dt className="text-muted text-xs leading-5">{name}</dt>
      <dd className="min-w-0">{children}</dd>
    </div>
  );
}
