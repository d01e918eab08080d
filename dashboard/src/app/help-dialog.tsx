import { Dialog } from "@/components/dialog";
import { useFeatures } from "@/features/collected";

const KEYS: (readonly [string, string])[] = [
  ["⌘K / Ctrl K", "Search, go to, act"],
  ["/", "Search this list"],
  ["j  k", "Next and previous row"],
  ["x", "Select the row"],
  ["Enter", "Open the row"],
  ["Space", "Peek at the row"],
  ["Esc", "Close what is open, clear the search, let go of the row"],
];
const KEYS_OF_THE_FRAME: (readonly [string, string])[] = [
  ["[", "Narrow or widen the sidebar"],
  ["?", "This help"],
];

export function HelpDialog({ open, onClose }: { open: boolean; onClose: () => void }) {
  const features = useFeatures();
  const lines = [...KEYS, ...features.flatMap(({ keys = [] }) => keys), ...KEYS_OF_THE_FRAME];
  return (
    <Dialog open={open} onClose={onClose} title="Keyboard shortcuts" className="md:w-[420px]">
      <dl className="divide-y divide-line/60">
        {lines.map(([keys, meaning]) => (
          <div key={keys} className="flex items-center justify-between gap-4 py-2 text-sm">
            <dt className="order-2">
              <kbd className="rounded border bg-canvas px-1.5 py-0.5 font-mono text-xs">{keys}</kbd>
            </dt>
            <dd className="text-muted">{meaning}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
