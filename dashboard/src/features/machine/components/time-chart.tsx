import "uplot/dist/uPlot.min.css";
import { useEffect, useMemo, useRef, useState } from "react";
import uPlot from "uplot";
import { token, useTheme } from "@/lib/theme";

/** Something that happened at a moment: a command, a session, a change. */
export interface Mark {
  /** Unix seconds. */
  at: number;
  text: string;
}

export interface Line {
  name: string;
  values: (number | null)[];
  dashed?: boolean;
}

interface TimeChartProps {
  title: string;
  at: number[];
  lines: Line[];
  format: (value: number) => string;
  max?: number;
  threshold?: number;
  /** Whether the axis steps in powers of two, as amounts of bytes do. */
  binary?: boolean;
  marks: readonly Mark[];
  onZoom: (from: number, to: number) => void;
}

const HEIGHT = 132;
const DAY_S = 86_400;
const BINARY_STEPS = Array.from({ length: 50 }, (_, power) => 2 ** power);
const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DATE = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const MOMENT = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY_AND_MOMENT = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});
const SYNC = uPlot.sync("machine");
/** The same for every chart of a page, so that one moment stands below the other. */
const AXIS_WIDTH = 84;
/** A mark belongs to a moment that is this much of the chart's width away at most. */
const MARK_REACH = 0.012;

/** One chart over time. Its crosshair moves with those of the page's other charts; brushing asks for that stretch. */
export function TimeChart({ title, at, lines, format, max, threshold, binary, marks, onZoom }: TimeChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const zoom = useRef(onZoom);
  const theme = useTheme();
  const [index, setIndex] = useState<number | null>(null);
  const data = useMemo(() => [at, ...lines.map((line) => line.values)] as uPlot.AlignedData, [at, lines]);
  const latest = useRef(data);
  const marked = useRef(marks);
  useEffect(() => {
    zoom.current = onZoom;
    latest.current = data;
    marked.current = marks;
    plot.current?.setData(data);
  }, [onZoom, data, marks]);
  const shape = lines.map((line) => `${line.name}${line.dashed ? "~" : ""}`).join("|");
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new theme or shape makes a new chart; new data does not
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const chart = new uPlot(
      options({
        width: element.clientWidth,
        lines,
        format,
        max,
        threshold,
        binary,
        marks: () => marked.current,
        onIndex: setIndex,
        onZoom: (from, to) => zoom.current(from, to),
      }),
      latest.current,
      element,
    );
    plot.current = chart;
    const watcher = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT }));
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      chart.destroy();
      plot.current = null;
    };
  }, [theme, shape, max, threshold]);
  const shown = index ?? lastIndex(lines);
  const near = index === null ? [] : marksNear(marks, at, index);
  return (
    <figure className="min-w-0 rounded-lg border bg-raised px-3 pt-3 pb-1">
      <figcaption className="flex items-baseline justify-between gap-3 px-1 pb-1 text-xs">
        <span className="shrink-0 font-medium text-sm">{title}</span>
        <span className="truncate font-mono text-muted">
          {shown !== null && at[shown] !== undefined && <span className="pr-3">{momentOf(at, shown)}</span>}
          {lines.map((line, position) => {
            const value = shown === null ? null : (line.values[shown] ?? null);
            return (
              <span key={line.name} className={position === 0 ? "text-accent" : "pl-3 text-ink"}>
                {lines.length > 1 && `${line.name} `}
                {value === null ? "–" : format(value)}
              </span>
            );
          })}
        </span>
      </figcaption>
      <div
        ref={box}
        className="min-w-0"
        style={{ height: HEIGHT }}
        role="img"
        aria-label={summary(title, lines, format)}
      />
      <p className="h-4 truncate px-1 text-muted text-xs">{near.map(({ text }) => text).join(" ")}</p>
    </figure>
  );
}

/** The moment of a reading: the clock within a day, with its date where the chart spans more. */
export function momentOf(at: readonly number[], index: number): string {
  const long = (at.at(-1) ?? 0) - (at[0] ?? 0) > DAY_S;
  return (long ? DAY_AND_MOMENT : MOMENT).format(new Date((at[index] ?? 0) * 1000));
}

/** What happened about when a reading was taken. */
export function marksNear(marks: readonly Mark[], at: readonly number[], index: number): Mark[] {
  const reach = Math.max(1, ((at.at(-1) ?? 0) - (at[0] ?? 0)) * MARK_REACH);
  const moment = at[index] ?? 0;
  return marks.filter((mark) => Math.abs(mark.at - moment) <= reach).slice(0, 3);
}

function lastIndex(lines: Line[]): number | null {
  const values = lines[0]?.values ?? [];
  for (let index = values.length - 1; index >= 0; index -= 1) if (values[index] != null) return index;
  return null;
}

function summary(title: string, lines: Line[], format: (value: number) => string): string {
  const parts = lines.map((line) => {
    const values = line.values.filter((value) => value !== null);
    if (values.length === 0) return `${line.name}: no readings`;
    const last = values.at(-1) ?? 0;
    return `${line.name}: now ${format(last)}, at most ${format(Math.max(...values))}`;
  });
  return `${title}. ${parts.join("; ")}`;
}

interface Drawn {
  width: number;
  lines: Line[];
  format: (value: number) => string;
  max?: number;
  threshold?: number;
  binary?: boolean;
  marks: () => readonly Mark[];
  onIndex: (index: number | null) => void;
  onZoom: (from: number, to: number) => void;
}

function options({ width, lines, format, max, threshold, binary, marks, onIndex, onZoom }: Drawn): uPlot.Options {
  const font = `12px ${token("font-mono") || '"JetBrains Mono Variable", monospace'}`;
  const axis: uPlot.Axis = {
    stroke: token("muted"),
    font,
    grid: { stroke: token("line"), width: 0.5 },
    ticks: { show: false },
  };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    padding: [6, 22, 0, 0],
    cursor: { sync: { key: SYNC.key }, drag: { x: true, y: false, setScale: false }, points: { size: 6 }, y: false },
    scales: { y: { range: (_plot, _low, high) => [0, max ?? Math.max(high * 1.15, Number.EPSILON)] } },
    axes: [
      { ...axis, size: 24, space: 72, values: timeLabels },
      {
        ...axis,
        size: AXIS_WIDTH,
        space: 32,
        incrs: binary ? BINARY_STEPS : undefined,
        values: (_plot, splits) => splits.map((value) => format(value)),
      },
    ],
    series: [
      {},
      ...lines.map(
        (line, position): uPlot.Series => ({
          label: line.name,
          stroke: token(position === 0 ? "accent" : "ink"),
          width: 1.25,
          dash: line.dashed ? [4, 3] : undefined,
          fill: position === 0 ? `color-mix(in oklab, ${token("accent")} 10%, transparent)` : undefined,
          spanGaps: false,
          points: { show: false },
        }),
      ),
    ],
    hooks: {
      setCursor: [(plot) => onIndex(plot.cursor.idx ?? null)],
      setSelect: [
        (plot) => {
          if (plot.select.width < 8) return;
          const from = plot.posToVal(plot.select.left, "x");
          const to = plot.posToVal(plot.select.left + plot.select.width, "x");
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          onZoom(Math.floor(from), Math.ceil(to));
        },
      ],
      draw: [
        (plot) => drawMarks(plot, marks()),
        ...(threshold === undefined ? [] : [(plot: uPlot) => drawThreshold(plot, threshold)]),
      ],
    },
  };
}

/** Clock times within a day, dates beyond it; a date also where a new day begins. */
function timeLabels(_plot: uPlot, splits: number[], _axis: number, _space: number, step: number): string[] {
  return splits.map((second) => {
    const moment = new Date(second * 1000);
    const midnight = moment.getHours() === 0 && moment.getMinutes() === 0;
    return step >= DAY_S || midnight ? DATE.format(moment) : CLOCK.format(moment);
  });
}

/** A small sign on the time axis wherever something happened. */
function drawMarks(plot: uPlot, marks: readonly Mark[]): void {
  const { ctx, bbox } = plot;
  const size = 4 * devicePixelRatio;
  const bottom = bbox.top + bbox.height;
  ctx.save();
  ctx.fillStyle = token("warn");
  for (const { at } of marks) {
    const x = plot.valToPos(at, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bottom - 1.5 * size);
    ctx.lineTo(x + size, bottom);
    ctx.lineTo(x - size, bottom);
    ctx.fill();
  }
  ctx.restore();
}

function drawThreshold(plot: uPlot, value: number): void {
  const y = plot.valToPos(value, "y", true);
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = token("bad");
  ctx.globalAlpha = 0.6;
  ctx.setLineDash([3, 4]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}
