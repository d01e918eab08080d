import { useQuery } from "@tanstack/react-query";
import { CircleHelp } from "lucide-react";
import { Popover } from "radix-ui";
import { useState } from "react";
import { searchFieldsQuery } from "../api/queries";

const WAYS: [string, string][] = [
  ["web 01", "both words, anywhere in what a machine is known by"],
  ['"windows 10"', "with its space"],
  ["os:windows ram:<=8gb", "both of it"],
  ["os:debian or os:ubuntu", "one of it"],
  ["not online:true", "the contrary"],
  ["(site:berlin or site:bonn) disk:>90%", "parentheses go first"],
  ["ram:8gb..32gb", "from one to the other"],
];

/** The query language on one page: how it is written, and by what machines can be searched. */
export function QueryHelp({ onChoose }: { onChoose: (example: string) => void }) {
  const [open, setOpen] = useState(false);
  const fields = useQuery({ ...searchFieldsQuery, enabled: open }).data?.items ?? [];
  const choose = (example: string) => {
    setOpen(false);
    onChoose(example);
  };
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger asChild>
        <button type="button" aria-label="How to search" className="rounded p-0.5 text-muted hover:text-ink">
          <CircleHelp aria-hidden="true" className="size-3.5" />
        </button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          aria-label="How to search"
          align="end"
          sideOffset={8}
          collisionPadding={8}
          onCloseAutoFocus={(event) => event.preventDefault()}
          className="z-50 max-h-[70vh] w-[min(40rem,calc(100vw-1rem))] animate-appear overflow-y-auto rounded-md border bg-overlay p-4 text-sm"
        >
          <h2 className="font-semibold">How to search</h2>
          <table className="mt-2 w-full text-xs">
            <caption className="sr-only">How a search is written</caption>
            <tbody>
              {WAYS.map(([query, meaning]) => (
                <tr key={query}>
                  <td className="py-0.5 pr-3 align-top">
                    <Example text={query} onChoose={choose} />
                  </td>
                  <td className="py-0.5 align-top text-muted">{meaning}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <h3 className="mt-4 font-semibold">By what</h3>
          <table className="mt-2 w-full text-xs">
            <caption className="sr-only">By what machines can be searched</caption>
            <tbody>
              {fields.map(({ name, sentence, examples }) => (
                <tr key={name} className="border-t">
                  <th scope="row" className="py-1.5 pr-3 text-left align-top font-medium font-mono">
                    {name}
                  </th>
                  <td className="py-1.5 pr-3 align-top text-muted">{sentence}</td>
                  <td className="py-1.5 align-top">
                    <span className="flex flex-wrap gap-x-3 gap-y-1">
                      {examples.map((example) => (
                        <Example key={example} text={example} onChoose={choose} />
                      ))}
                    </span>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function Example({ text, onChoose }: { text: string; onChoose: (example: string) => void }) {
  return (
    <button type="button" onClick={() => onChoose(text)} className="text-left font-mono text-accent hover:underline">
      {text}
    </button>
  );
}
