// Votes and ballots over time. The chart library is loaded when there is a curve.
import { effect, signal, untracked } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type uPlot from 'uplot';
import type { Contest, Series } from '../api/types.ts';
import { colorOf } from '../colors.ts';
import { compact, hour, number, percent, time } from '../format.ts';
import { lines, runs } from '../race.ts';
import { contest as chosen, series, seriesRegistered, shown } from '../state.ts';
import { parties } from './parts.tsx';
import { text } from '../text.ts';

const CURVES = 4;
const HEIGHT = 200;
const ROWS = 12;

const DRAW_MS = 1000; // a curve does not need every update

// The series and the total it is drawn with, as of a second ago at most.
const drawn = signal<{ data: Series; curves: Curve[] } | null>(null);
let due: ReturnType<typeof setTimeout> | undefined;
let last = 0,
  lastContest = '';
effect(() => {
  const data = series.value,
    of = chosen.value;
  if (!data || !of || data.contest !== of.id) {
    drawn.value = null;
    return;
  }
  const draw = () => {
    due = undefined;
    last = Date.now();
    lastContest = of.id;
    const now = series.peek();
    if (now?.contest === of.id) drawn.value = { data: now, curves: untracked(() => curvesOf(of, now)) };
  };
  if (lastContest !== of.id || !drawn.peek()) {
    clearTimeout(due);
    draw();
  } else due ??= setTimeout(draw, Math.max(0, last + DRAW_MS - Date.now()));
});

interface Curve {
  name: string;
  color: string;
  values: number[];
}

const css = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function curvesOf(contest: Contest, data: Series): Curve[] {
  const first = lines(contest, shown.value)
    .filter((line) => runs(line.choice) && line.votes > 0)
    .slice(0, CURVES);
  return first.map((line) => {
    const at = data.choices.indexOf(line.choice.id);
    return {
      name: line.choice.name,
      color: colorOf(contest, parties(), line.choice),
      values: data.points.map((p) => p.votes[at] ?? 0),
    };
  });
}

const SECONDS_MAX = 600; // on a longer axis seconds say nothing
const at = (splits: number[]): string[] => {
  const span = (splits.at(-1) ?? 0) - (splits[0] ?? 0);
  return splits.map((s) => (span < SECONDS_MAX ? time(s * 1000) : hour(s * 1000)));
};

function Chart({ data, curves, label, share }: { data: Series; curves: Curve[]; label: string; share?: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<{ chart: uPlot; key: string } | null>(null);
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
      const axis = {
        stroke: () => css('--quiet-now'),
        grid: { stroke: () => css('--line-now'), width: 1 },
        ticks: { show: false },
        font: '12px system-ui, sans-serif',
      };
      const chart = new Plot(
        {
          width: box.current.clientWidth,
          height: HEIGHT,
          legend: { show: false },
          cursor: { y: false },
          scales: { x: { time: true } },
          axes: [
            { ...axis, space: 90, size: 30, values: (_: uPlot, splits: number[]) => at(splits) },
            {
              ...axis,
              size: 56,
              values: (_: uPlot, splits: number[]) => splits.map((n) => (share ? percent(n) : compact(n))),
            },
          ],
          series: [{}, ...curves.map((c) => ({ label: c.name, stroke: c.color, width: 2.5, points: { show: false } }))],
        },
        values,
        box.current,
      );
      plot.current = { chart, key };
    })();
    return () => {
      wanted = false;
    };
  });
  useEffect(() => {
    const observer = new ResizeObserver(() => {
      if (box.current) plot.current?.chart.setSize({ width: box.current.clientWidth, height: HEIGHT });
    });
    if (box.current) observer.observe(box.current);
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
  }, []);
  return <div class="chart" ref={box} role="img" aria-label={label} />;
}

function Table({ data, curves, registered }: { data: Series; curves: Curve[]; registered: number | null }) {
  const step = Math.max(1, Math.ceil(data.points.length / ROWS));
  const rows = data.points
    .map((point, i) => ({ point, i }))
    .filter(({ i }) => (data.points.length - 1 - i) % step === 0);
  return (
    <details class="as-table">
      <summary>{text.asTable}</summary>
      <div class="scroll" tabIndex={0} role="region" aria-label={text.overTime}>
        <table>
          <thead>
            <tr>
              <th scope="col">{text.clock}</th>
              <th scope="col" class="n">
                {text.ballots}
              </th>
              {registered && (
                <th scope="col" class="n">
                  {text.turnout}
                </th>
              )}
              {curves.map((c) => (
                <th key={c.name} scope="col" class="n">
                  {c.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ point, i }) => (
              <tr key={point.at}>
                <th scope="row">{time(point.at)}</th>
                <td class="n">{number(point.ballots)}</td>
                {registered && <td class="n">{percent(point.ballots / registered)}</td>}
                {curves.map((c) => (
                  <td key={c.name} class="n">
                    {number(c.values[i]!)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

export function Over({ contest }: { contest: Contest }) {
  if (!drawn.value || drawn.value.data.contest !== contest.id) return null;
  const { data, curves } = drawn.value;
  // As a share of registered voters where they are known.
  const registered = seriesRegistered.value || null;
  const named = registered ? text.overTimeTurnout : text.overTimeBallots;
  const ballots: Curve = {
    name: named,
    color: css('--accent-now') || '#0b57a4',
    values: data.points.map((p) => (registered ? p.ballots / registered : p.ballots)),
  };
  const some = data.points.length > 1 && curves.length > 0;
  return (
    <section class="over">
      <h3>{text.overTime}</h3>
      {!some ? (
        <p class="aside">{text.overTimeNone}</p>
      ) : (
        <>
          <div class="charts">
            <div>
              <h4>{text.overTimeVotes}</h4>
              <Chart data={data} curves={curves} label={text.overTimeLabel(contest.name)} />
              <ul class="legend">
                {curves.map((c) => (
                  <li key={c.name}>
                    <span class="swatch" aria-hidden="true" style={{ background: c.color }} />
                    {c.name}
                  </li>
                ))}
              </ul>
            </div>
            <div>
              <h4>{named}</h4>
              <Chart data={data} curves={[ballots]} label={named} share={registered !== null} />
            </div>
          </div>
          <p class="aside">{text.overTimeWhole}</p>
          <Table data={data} curves={curves} registered={registered} />
        </>
      )}
    </section>
  );
}
