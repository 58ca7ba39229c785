import "uplot/dist/uPlot.min.css";

import Box from "@cloudscape-design/components/box";
import { useEffect, useRef } from "react";
import uPlot from "uplot";

import { useTheme } from "../shell/theme";

export interface Mark {
  at: number;
  label: string;
}

interface Props {
  label: string;
  names: readonly string[];
  /** Seconds since the epoch, then a row of figures for each name; null where nothing is known. */
  data: uPlot.AlignedData;
  marks: readonly Mark[];
  unit: string;
  most?: number;
  /** Seconds since the epoch: the range that is asked for, whether or not there are figures for all of it. */
  from: number;
  to: number;
}

const HEIGHT = 220;
const SERIES = ["#688ae8", "#c33d69", "#2ea597"]; // Cloudscape's first three for charts, which both themes bear

/** The colour of the words around, in this theme, thinned: a canvas knows no CSS variables. */
function thinned(colour: string): string {
  return colour.replace(/^rgb\((.*)\)$/, "rgba($1, 0.3)");
}

/** Lines over time; gaps stay gaps, events are marks on the axis. */
export function Chart({ label, names, data, marks, unit, most, from, to }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const { isDark } = useTheme();
  const shape = `${names.join()}|${unit}|${most ?? ""}|${isDark}`;

  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const text = getComputedStyle(element).color;
    const grid = thinned(text);
    const axis: uPlot.Axis = { stroke: text, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid } };
    const chart = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        scales: { x: { time: true, range: [from, to] }, y: { range: (_, __, max) => [0, most ?? Math.max(1, max * 1.1)] } },
        axes: [axis, { ...axis, size: 56, values: (_, values) => values.map((value) => `${value}${unit}`) }],
        series: [
          {},
          ...names.map((name, index) => ({
            label: name,
            stroke: SERIES[index % SERIES.length] ?? text,
            width: 2,
            spanGaps: false,
            value: (_: uPlot, value: number | null) => (value === null ? "–" : `${Math.round(value * 10) / 10}${unit}`),
          })),
        ],
        hooks: { draw: [(drawn) => drawMarks(drawn, marks, text)] },
      },
      data,
      element,
    );
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
    // eslint-disable-next-line react-hooks/exhaustive-deps -- names, unit and theme are in `shape`
  }, [shape, data, marks, from, to]);

  return (
    <Box color="text-body-secondary">
      <div className="chart" ref={host} role="img" aria-label={label} />
    </Box>
  );
}

function drawMarks(chart: uPlot, marks: readonly Mark[], colour: string): void {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.setLineDash([4, 4]);
  for (const { at } of marks) {
    const x = Math.round(chart.valToPos(at, "x", true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}
