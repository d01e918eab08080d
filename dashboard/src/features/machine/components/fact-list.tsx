import type { ReactNode } from "react";
import { CopyButton } from "@/components/copy";
import { MachineText } from "@/components/machine-text";
import { asText, unavailable } from "../api/inventory";

export interface FactRow {
  name: string;
  value: unknown;
  /** How the value reads; what is copied stays the value itself. */
  shown?: string;
}

/** Facts a machine told of itself, each copyable; a reading that could not be had says why. */
export function FactList({ facts }: { facts: FactRow[] }) {
  return (
    <dl className="divide-y divide-line/50 text-sm">
      {facts.map(({ name, value, shown }) => (
        <div key={name} className="group grid min-h-8 grid-cols-[116px_minmax(0,1fr)] items-center gap-2 py-0.5">
          <dt className="truncate text-muted text-xs">{name}</dt>
          <FactValue name={name} value={value} shown={shown} />
        </div>
      ))}
    </dl>
  );
}

function FactValue({ name, value, shown }: FactRow): ReactNode {
  const missing = unavailable(value);
  if (missing) {
    return (
      <dd>
        <UnavailableNote why={missing.why} tried={missing.tried} />
      </dd>
    );
  }
  const text = asText(value);
  if (text === null) return <dd className="text-muted">–</dd>;
  return (
    <dd className="flex min-w-0 items-center gap-2">
      <MachineText className="line-clamp-3 min-w-0 flex-1 py-1 leading-snug [overflow-wrap:anywhere]">
        {shown ?? text}
      </MachineText>
      <CopyButton
        value={text}
        label={`Copy: ${name}`}
        className="opacity-0 focus-visible:opacity-100 group-hover:opacity-100 max-md:opacity-100"
      />
    </dd>
  );
}

/** "not available", with the reason and the sources that were asked. */
export function UnavailableNote({ why, tried }: { why: string; tried: { source: string; result: string }[] }) {
  if (tried.length === 0) return <span className="text-muted">Not available: {why}</span>;
  return (
    <details className="text-muted">
      <summary className="cursor-pointer list-none rounded-sm underline decoration-dotted underline-offset-4">
        Not available: {why}
      </summary>
      <p className="mt-1.5 text-xs">Sources tried:</p>
      <ul className="mb-1 space-y-0.5 text-xs">
        {tried.map(({ source, result }) => (
          <li key={source}>
            <MachineText className="text-ink">{source}</MachineText>
            {result && <> – {result}</>}
          </li>
        ))}
      </ul>
    </details>
  );
}
