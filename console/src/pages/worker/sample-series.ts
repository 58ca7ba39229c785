// A worker's history, as charts and as a file.
import type { SamplePoint } from "../../api/types";

export type FigureName = Exclude<keyof SamplePoint, "at">;

export const FIGURES: Record<FigureName, string> = {
  cpu_utilization: "CPU",
  memory_utilization: "Memory",
  disk_utilization: "Disk",
  labs_count: "Labs",
  labs_running: "Labs running",
  nodes_running: "Nodes running",
};

/** Columns for a chart. The service leaves out steps without a sample: they come in as gaps. */
export function columnsOf(
  points: readonly SamplePoint[],
  names: readonly FigureName[],
  stepSeconds: number,
): [number[], ...(number | null)[][]] {
  const times: number[] = [];
  const rows: (number | null)[][] = names.map(() => []);
  for (const point of points) {
    const at = Date.parse(point.at) / 1000;
    const last = times.at(-1);
    if (last !== undefined && at - last > 1.5 * stepSeconds) {
      times.push(last + stepSeconds);
      for (const row of rows) row.push(null);
    }
    times.push(at);
    names.forEach((name, index) => rows[index]?.push(point[name]));
  }
  return [times, ...rows];
}

/** RFC 4180, one line a step; an empty field is not known. */
export function csvOf(points: readonly SamplePoint[]): string {
  const names = Object.keys(FIGURES) as FigureName[];
  const lines = points.map((point) => [point.at, ...names.map((name) => point[name] ?? "")].join(","));
  return [["at", ...names].join(","), ...lines, ""].join("\r\n");
}
