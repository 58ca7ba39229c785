import { expect, test } from "vitest";

import type { SamplePoint } from "../../api/types";
import { columnsOf, csvOf } from "./sample-series";

const point = (at: string, cpu: number | null): SamplePoint => ({
  at,
  cpu_utilization: cpu,
  memory_utilization: null,
  disk_utilization: null,
  labs_count: 1,
  labs_running: 1,
  nodes_running: 2,
});

test("a time without a sample is a gap, not a line across it", () => {
  const points = [point("1970-01-01T00:01:00Z", 1), point("1970-01-01T00:02:00Z", null), point("1970-01-01T00:10:00Z", 3)];
  expect(columnsOf(points, ["cpu_utilization"], 60)).toEqual([
    [60, 120, 180, 600],
    [1, null, null, 3],
  ]);
});

test("the file has a line for each step, with nothing where nothing is known", () => {
  const [head, line] = csvOf([point("1970-01-01T00:01:00Z", 1.5)]).split("\r\n");
  expect(head).toBe("at,cpu_utilization,memory_utilization,disk_utilization,labs_count,labs_running,nodes_running");
  expect(line).toBe("1970-01-01T00:01:00Z,1.5,,,1,1,2");
});
