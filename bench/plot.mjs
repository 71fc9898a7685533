// @ts-check
import { ScatterChart } from "echarts/charts";
import {
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TitleComponent,
} from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

use([ScatterChart, GridComponent, LegendComponent, MarkLineComponent, TitleComponent, SVGRenderer]);

/** From top to bottom. */
const CASES = [
  "chunks-100",
  "chunks-1k",
  "chunks-32k",
  "chunks-1m",
  "pipe-100",
  "pipe-32k",
  "lines-100",
  "get",
  "get-50",
  "read-16m",
  "followers-1000-one",
];

/** Colours that also people who see few of them can tell apart (Okabe and Ito), and shapes for all. */
const CONTENDERS = [
  { name: "this client", color: "#d55e00", symbol: "circle", size: 15 },
  { name: "connect-node, gRPC", color: "#0072b2", symbol: "rect", size: 10 },
  { name: "nice-grpc", color: "#009e73", symbol: "triangle", size: 11 },
  { name: "node:http2", color: "#777777", symbol: "diamond", size: 12 },
];

/**
 * How many times better than grpc-js each is, on a logarithmic axis: dots and no bars, since such an
 * axis has no zero for a bar to stand on.
 *
 * @param {import("./results.mjs").Results} results
 * @returns {string} SVG
 */
export function plot({ cases }) {
  const shown = CASES.flatMap((name) => cases.find((one) => one.name === name) ?? []);
  const series = CONTENDERS.map(({ name, color, symbol, size }, index) => ({
    name,
    type: /** @type {const} */ ("scatter"),
    symbol,
    symbolSize: size,
    itemStyle: { color, opacity: 0.9 },
    data: shown.flatMap(({ title, contenders }) => {
      const better = timesBetter(contenders.find(({ contender }) => contender === name));
      return better === undefined ? [] : [[better, title]];
    }),
    ...(index === 0 ? { markLine: gRpcJs } : {}),
  }));
  const chart = init(null, null, { renderer: "svg", ssr: true, width: 900, height: 520 });
  try {
    chart.setOption({
      animation: false,
      backgroundColor: "#ffffff",
      textStyle: { fontFamily: "sans-serif" },
      title: {
        text: "Times better than grpc-js",
        subtext: "medians of one run; right is faster, or takes less memory",
        left: "center",
      },
      legend: {
        bottom: 8,
        itemGap: 50,
        itemWidth: 16,
        itemHeight: 12,
        data: CONTENDERS.map(({ name }) => name),
      },
      grid: { left: 260, right: 40, top: 95, bottom: 80 },
      xAxis: {
        type: "log",
        splitLine: { show: true },
        axisLabel: { formatter: (/** @type {number} */ value) => `${value} ×` },
      },
      yAxis: {
        type: "category",
        inverse: true,
        data: shown.map(({ title }) => title),
        splitLine: { show: true },
        axisTick: { show: false },
      },
      series,
    });
    return `${chart.renderToSVGString()}\n`;
  } finally {
    chart.dispose();
  }
}

const gRpcJs = {
  silent: true,
  symbol: "none",
  lineStyle: { color: "#000000", type: /** @type {const} */ ("solid"), width: 1.5 },
  label: { formatter: "grpc-js", position: /** @type {const} */ ("start") },
  data: [{ xAxis: 1 }],
};

/** @param {import("./results.mjs").ContenderResult | undefined} result */
function timesBetter(result) {
  const [main] = Object.values(result?.figures ?? {});
  if (main === undefined || main.ratio === null || main.ratio <= 0) {
    return undefined;
  }
  return main.better === "higher" ? main.ratio : 1 / main.ratio;
}
