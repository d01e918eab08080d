import { Pause, Play, RotateCcw } from "lucide-react";
import { type KeyboardEvent, useMemo, useRef } from "react";
import { Button, IconButton } from "@/components/button";
import { SelectField } from "@/components/field";
import { clock, duration } from "@/lib/format";
import { useHotkeys } from "@/lib/hotkeys";
import { type Idle, idlesOf, type Recording } from "../api/recording";
import { SPEEDS, usePlayback } from "./use-playback";

const STEP_S = 5;

/** Plays a recording. Before that its last screen is shown; pauses longer than two seconds are marked, and cut short. */
export default function Player({ recording }: { recording: Recording }) {
  const box = useRef<HTMLDivElement>(null);
  const { begun, playing, position, speed, jump, toggle, setSpeed, faster } = usePlayback(recording, box);
  const idles = useMemo(() => idlesOf(recording), [recording]);
  const idle = begun ? idles.find(({ from, to }) => position > from && position < to) : undefined;
  const keys: Record<string, () => void> = Object.fromEntries([
    [" ", toggle],
    ["ArrowLeft", () => jump(position - STEP_S)],
    ["ArrowRight", () => jump(position + STEP_S)],
    ["Home", () => jump(0)],
    ["End", () => jump(recording.length)],
    ["<", () => faster(-1)],
    [">", () => faster(1)],
  ]);
  useHotkeys(keys);
  /** Inside the screen a key is the terminal's to the page: here it is the player's. */
  const onKeyDown = (event: KeyboardEvent) => {
    const act = event.ctrlKey || event.metaKey || event.altKey ? undefined : keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  const Sign = playing ? Pause : Play;
  return (
    <div className="flex min-h-0 flex-1 flex-col overflow-hidden rounded-lg border bg-terminal">
      <div className="flex shrink-0 flex-wrap items-center gap-3 border-b bg-raised px-3 py-2">
        <Button size="small" variant="primary" onClick={toggle}>
          <Sign aria-hidden="true" className="size-3" /> {playing ? "Pause" : "Play"}
        </Button>
        <IconButton label="From the beginning" className="size-7" onClick={() => jump(0)}>
          <RotateCcw aria-hidden="true" className="size-3.5" />
        </IconButton>
        <span className="relative flex min-w-24 flex-1 items-center">
          <Marks idles={idles} length={recording.length} />
          <input
            type="range"
            aria-label="Position"
            aria-valuetext={clock(position * 1000)}
            min={0}
            max={Math.max(recording.length, 0.001)}
            step={0.01}
            value={position}
            onChange={(event) => jump(Number(event.target.value))}
            className="relative w-full accent-accent"
          />
        </span>
        <span className="font-mono text-muted text-xs">
          {clock(position * 1000)} / {clock(recording.length * 1000)}
        </span>
        <Button size="small" onClick={() => jump(recording.length)}>
          To the end
        </Button>
        <SelectField
          label="Speed"
          hideLabel
          className="h-7 w-auto"
          value={speed}
          onChange={(event) => setSpeed(Number(event.target.value))}
        >
          {SPEEDS.map((each) => (
            <option key={each} value={each}>
              {each}×
            </option>
          ))}
        </SelectField>
        <p className="w-full text-muted text-xs">
          {idle ? (
            `Nothing was shown for ${duration(idle.to - idle.from)}.`
          ) : (
            <span className="max-md:hidden">
              Space plays and stops, ← → go 5 s, Home and End to the ends, &lt; &gt; slower and faster.
            </span>
          )}
        </p>
      </div>
      <div className="relative min-h-0 flex-1">
        <section aria-label="Recording" className="absolute inset-0 overflow-auto p-2" onKeyDown={onKeyDown}>
          <div ref={box} className="w-fit" />
        </section>
        {!begun && (
          <button
            type="button"
            tabIndex={-1}
            aria-hidden="true"
            onClick={toggle}
            className="absolute inset-0 flex items-center justify-center bg-terminal/40 transition-colors hover:bg-terminal/20"
          >
            <span className="flex size-16 items-center justify-center rounded-full bg-accent text-on-accent">
              <Play className="size-7 translate-x-0.5 fill-current" />
            </span>
          </button>
        )}
      </div>
    </div>
  );
}

/** Where on the way nothing was shown. The knob's half is what the slider leaves at both ends. */
function Marks({ idles, length }: { idles: Idle[]; length: number }) {
  return (
    <span aria-hidden="true" className="pointer-events-none absolute inset-x-2 -bottom-1 h-1">
      {idles.map(({ from, to }) => (
        <span
          key={from}
          className="absolute inset-y-0 rounded-full bg-warn/60"
          style={{ left: `${(from / length) * 100}%`, width: `${((to - from) / length) * 100}%` }}
        />
      ))}
    </span>
  );
}
