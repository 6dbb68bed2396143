// One chart. Its library is loaded when there is a curve.
import { useEffect, useRef } from 'preact/hooks';
import type uPlot from 'uplot';
import type { Series } from '../../api/types.ts';
import { compact, hour, percent, time, timeZone } from '../../format.ts';
import type { Curve } from './curves.ts';

const HEIGHT = 200;

const SECONDS_MAX = 600; // on a longer axis seconds say nothing
const at = (splits: number[]): string[] => {
  const span = (splits.at(-1) ?? 0) - (splits[0] ?? 0);
  return splits.map((s) => (span < SECONDS_MAX ? time(s * 1000) : hour(s * 1000)));
};

export const css = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function optionsOf(Plot: typeof uPlot, width: number, curves: Curve[], share: boolean): uPlot.Options {
  const axis = {
    stroke: () => css('--quiet-now'),
    grid: { stroke: () => css('--line-now'), width: 1 },
    ticks: { show: false },
    font: '12px system-ui, sans-serif',
  };
  const figures = (_: uPlot, splits: number[]) => splits.map((n) => (share ? percent(n) : compact(n)));
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    tzDate: (at) => Plot.tzDate(new Date(at * 1000), timeZone()),
    cursor: { y: false },
    scales: { x: { time: true } },
    axes: [
      { ...axis, space: 90, size: 30, values: (_: uPlot, splits: number[]) => at(splits) },
      { ...axis, size: 56, values: figures },
    ],
    series: [{}, ...curves.map((c) => ({ label: c.name, stroke: c.color, width: 2.5, points: { show: false } }))],
  };
}

// As wide as its box, and in the colours of the theme. Returns what undoes it.
function follow(box: HTMLDivElement, plot: { current: Plotted | null }): () => void {
  const observer = new ResizeObserver(() => plot.current?.chart.setSize({ width: box.clientWidth, height: HEIGHT }));
  observer.observe(box);
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const redraw = () => plot.current?.chart.redraw();
  dark.addEventListener('change', redraw);
  const theme = new MutationObserver(redraw);
  theme.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  return () => {
    observer.disconnect();
    theme.disconnect();
    dark.removeEventListener('change', redraw);
    plot.current?.chart.destroy();
    plot.current = null;
  };
}

interface Plotted {
  chart: uPlot;
  key: string;
}

interface ChartOf {
  data: Series;
  curves: Curve[];
  label: string;
  share?: boolean;
}

export function Chart({ data, curves, label, share = false }: ChartOf) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<Plotted | null>(null);
  useEffect(() => {
    let wanted = true;
    void (async () => {
      const { default: Plot } = await import('uplot');
      if (!wanted || !box.current) return;
      const values: uPlot.AlignedData = [
        data.points.map((p) => Date.parse(p.at) / 1000),
        ...curves.map((c) => c.values),
      ];
      const key = `${curves.map((c) => c.name + c.color).join()} ${share}`;
      if (plot.current?.key === key) {
        plot.current.chart.setData(values);
        return;
      }
      plot.current?.chart.destroy();
      plot.current = {
        chart: new Plot(optionsOf(Plot, box.current.clientWidth, curves, share), values, box.current),
        key,
      };
    })();
    return () => {
      wanted = false;
    };
  });
  useEffect(() => (box.current ? follow(box.current, plot) : undefined), []);
  return <div class="chart" ref={box} role="img" aria-label={label} />;
}
