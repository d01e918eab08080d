import type { MetricColumn, MetricHistory, Metrics } from "@/api/contract";
import { fullestDisk } from "./disks";

const LIVE_HOUR_S = 3600;

function share(used: number | null, total: number | null): number | null {
  return used === null || !total ? null : (100 * used) / total;
}

function valuesOf(sample: Metrics): Record<MetricColumn, number | null> {
  const heat = sample.temperatures.map((reading) => reading.celsius);
  return {
    cpu: sample.cpu_percent,
    memory: share(sample.memory_used, sample.memory_total),
    load: sample.load,
    receive: sample.receive_rate,
    send: sample.send_rate,
    read: sample.read_rate,
    write: sample.write_rate,
    disk: fullestDisk(sample)?.share ?? null,
    temperature: heat.length > 0 ? Math.max(...heat) : null,
  };
}

/**
 * The history with one live sample at its end; what is older than the live hour leaves. A sample that is not newer
 * changes nothing. A gap of more than two steps gets a null, so that the line breaks there.
 */
export function withSample(history: MetricHistory, sample: Metrics): MetricHistory {
  const moment = Math.floor(new Date(sample.at).getTime() / 1000);
  const { at } = history.columns;
  const last = at.at(-1) ?? 0;
  if (moment <= last) return history;
  const broken = at.length > 0 && moment - last > 2 * history.step_s;
  const first = at.findIndex((second) => second >= moment - LIVE_HOUR_S);
  const from = first === -1 ? at.length : first;
  const values = valuesOf(sample);
  const grown = (column: MetricColumn) => [
    ...(history.columns[column] ?? []).slice(from),
    ...(broken ? [null] : []),
    values[column],
  ];
  return {
    step_s: history.step_s,
    columns: {
      at: [...at.slice(from), ...(broken ? [last + history.step_s] : []), moment],
      cpu: grown("cpu"),
      memory: grown("memory"),
      load: grown("load"),
      receive: grown("receive"),
      send: grown("send"),
      read: grown("read"),
      write: grown("write"),
      disk: grown("disk"),
      temperature: grown("temperature"),
    },
  };
}
