import "@xterm/xterm/css/xterm.css";
import { Terminal } from "@xterm/xterm";
import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import { LONGEST_PAUSE_S, parseSize, posterOf, type Recording } from "../api/recording";

const FRAME_MS = 40;
export const SPEEDS = [1, 2, 4, 16];
const FASTEST = SPEEDS.length - 1;

/** A recording on a screen of its own in `box`: a poster until it is played, then where it stands and how to move it. */
export function usePlayback(recording: Recording, box: RefObject<HTMLElement | null>) {
  const terminal = useRef<Terminal | null>(null);
  const next = useRef(0);
  const [begun, setBegun] = useState(false);
  const [position, setPosition] = useState(0);
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState(1);

  useEffect(() => {
    if (!box.current) return;
    const poster = posterOf(recording);
    const screen = new Terminal({
      cols: poster.columns,
      rows: poster.rows,
      fontFamily: '"JetBrains Mono Variable", ui-monospace, monospace',
      fontSize: 13,
      disableStdin: true,
      scrollback: 10_000,
      theme: { background: "#06080c", foreground: "#e4e8ee" },
    });
    screen.attachCustomKeyEventHandler(() => false); // the player's keys are the page's
    screen.open(box.current);
    screen.write(poster.text);
    terminal.current = screen;
    next.current = 0;
    setBegun(false);
    setPlaying(false);
    setPosition(0);
    return () => {
      screen.dispose();
      terminal.current = null;
    };
  }, [recording, box]);

  const rewind = useCallback(() => {
    terminal.current?.write("\x1bc"); // a reset in its turn: what waits to be drawn is drawn before it
    terminal.current?.resize(recording.columns, recording.rows);
    next.current = 0;
    setBegun(true);
  }, [recording]);

  useEffect(() => {
    const screen = terminal.current;
    if (!screen || !begun) return;
    for (let event = recording.events[next.current]; event && event.at <= position; ) {
      next.current += 1;
      if (event.code === "o") screen.write(event.data);
      const size = event.code === "r" ? parseSize(event.data) : null;
      if (size) screen.resize(size.columns, size.rows);
      event = recording.events[next.current];
    }
    if (position >= recording.length) setPlaying(false);
  }, [begun, position, recording]);

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

  const jump = (second: number) => {
    const within = Math.min(Math.max(second, 0), recording.length);
    if (!begun || within < position) rewind();
    setPosition(within);
  };
  const toggle = () => {
    if (!playing && (!begun || position >= recording.length)) jump(0);
    setPlaying(!playing);
  };
  const faster = (step: 1 | -1) => {
    const at = Math.min(Math.max(SPEEDS.indexOf(speed) + step, 0), FASTEST);
    setSpeed(SPEEDS[at] ?? 1);
  };
  return { begun, playing, position, speed, jump, toggle, setSpeed, faster };
}
