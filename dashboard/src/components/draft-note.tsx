/** Says that a form begins with what was typed before, and takes that back. */
export function DraftNote({ restored, onDrop }: { restored: boolean; onDrop: () => void }) {
  if (!restored) return null;
  return (
    <p role="status" className="flex items-center gap-2 text-muted text-xs">
      What you had typed before is still here.
      <button type="button" onClick={onDrop} className="text-accent hover:underline">
        Start anew
      </button>
    </p>
  );
}
