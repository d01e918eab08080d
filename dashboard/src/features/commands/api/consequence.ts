import type { RunPreview } from "@/api/contract";
import { counted } from "@/lib/format";
import { withoutShell } from "./shells";

/** A run in one line of numbers, and what will go wrong with it for certain. */
export function consequenceOf(
  { machines, online, clients, signed_in: people, by_os: bySystem }: RunPreview,
  shell: string,
  wait: string,
  clientsInWords: (number: number) => string,
): { line: string; warning: string | null } {
  const offline = machines - online;
  const parts = [
    online > 0 && offline > 0 ? `${counted(online, "is", "are")} online` : null,
    offline > 0
      ? `${offline === machines ? `all ${counted(offline, "waits", "wait")}` : counted(offline, "waits", "wait")} up to ${wait}`
      : null,
    offline === 0 ? "all online" : null,
    people > 0 ? `somebody is signed in on ${counted(people, "machine")}` : null,
  ].filter((part) => part !== null);
  const one = machines === 1;
  const only = online === 1 ? "It is online" : `It is offline and waits up to ${wait}`;
  const line = one
    ? `${only}${people > 0 ? ", and somebody is signed in there" : ""}.`
    : `${counted(machines, "machine")}, ${clientsInWords(clients)}: ${parts.join(", ")}.`;
  const without = withoutShell(bySystem, shell);
  const warning =
    without === 0
      ? null
      : `${without === machines ? "None of them has" : `${counted(without, "machine")} of another system ${without === 1 ? "has" : "have"} no`} ${shell}: it will fail there.`;
  return { line, warning };
}
