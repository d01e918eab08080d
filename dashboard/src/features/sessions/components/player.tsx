import "@xterm/xterm/css/xterm.css";
import { Terminal } from "@xterm/xterm";
import { Pause, Play, RotateCcw } from "lucide-react";
import { useCallback, useEffect, useRef, useState } from "react";
import { Button, IconButton } from "@/components/button";
import { SelectField } from "@/components/field";
import { clock } from "@/lib/format";
import { parseSize, type Recording } from "../api/recording";

const LONGEST_PAUSE_S = 2;
const FRAME_MS = 40;
const SPEEDS = [1, 2, 4, 16];

/** Plays a recording on a screen of its own. Pauses longer than two seconds are cut short. */
export default function Player({ recording }: { recording: Recording }) {
  const box = useRef<HTMLDivElement>(null);
  const terminal = useRef<Terminal | null>(null);
  const next = useRef(0);
  const [position, setPosition] = useState(0);
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState(1);

  useEffect(() => {
    if (!box.current) return;
    const screen = new Terminal({
      cols: recording.columns,
      rows: recording.rows,
      fontFamily: '"JetBrains Mono Variable", ui-monospace, monospace',
      fontSize: 13,
      disableStdin: true,
      scrollback: 10_000,
      theme: { background: "#06080c", foreground: "#e4e8ee" },
    });
    screen.open(box.current);
    terminal.current = screen;
    next.current = 0;
    return () => {
      screen.dispose();
      terminal.current = null;
    };
  }, [recording]);

  const drawUpTo = useCallback(
    (second: number) => {
      const screen = terminal.current;
      if (!screen) return;
      for (
        let event = recording.events[next.current];
        event && event.at <= second;
        event = recording.events[next.current]
      ) {
        next.current += 1;
        if (event.code === "o") screen.write(event.data);
        const size = event.code === "r" ? parseSize(event.data) : null;
        if (size) screen.resize(size.columns, size.rows);
      }
    },
    [recording],
  );

  useEffect(() => {
    if (!playing) return;
    const timer = setInterval(() => {
      setPosition((before) => {
        const due = recording.events[next.current]?.at ?? recording.length;
        const start = due - before > LONGEST_PAUSE_S ? due - LONGEST_PAUSE_S : before;
        return Math.min(recording.length, start + (speed * FRAME_MS) / 1000);
      });
    }, FRAME_MS);
    return () => clearInterval(timer);
  }, [playing, speed, recording]);

  useEffect(() => {
    drawUpTo(position);
    if (position >= recording.length) setPlaying(false);
  }, [position, drawUpTo, recording]);

  const jump = (second: number) => {
    if (second < position) {
      terminal.current?.reset();
      terminal.current?.resize(recording.columns, recording.rows);
      next.current = 0;
    }
    setPosition(second);
  };
  const Sign = playing ? Pause : Play;
  return (
    <div className="flex min-h-0 flex-1 flex-col overflow-hidden rounded-lg border bg-terminal">
      <div className="flex shrink-0 flex-wrap items-center gap-3 border-b bg-raised px-3 py-2">
        <Button
          size="small"
          variant="primary"
          onClick={() => {
            if (!playing && position >= recording.length) jump(0);
            setPlaying(!playing);
          }}
        >
          <Sign aria-hidden="true" className="size-3" /> {playing ? "Pause" : "Play"}
        </Button>
        <IconButton label="From the beginning" className="size-7" onClick={() => jump(0)}>
          <RotateCcw aria-hidden="true" className="size-3.5" />
        </IconButton>
        <input
          type="range"
          aria-label="Position"
          aria-valuetext={clock(position * 1000)}
          min={0}
          max={Math.max(recording.length, 0.001)}
          step={0.01}
          value={position}
          onChange={(event) => jump(Number(event.target.value))}
          className="min-w-24 flex-1 accent-accent"
        />
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
      </div>
      <section aria-label="Recording" className="min-h-0 flex-1 overflow-auto p-2">
        <div ref={box} className="w-fit" />
      </section>
    </div>
  );
}
