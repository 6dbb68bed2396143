// Votes and ballots over time.
import type { Contest, Series } from '../../api/types.ts';
import { byReport, seriesRegistered } from '../../state.ts';
import { text } from '../../text/index.ts';
import { ballotsWord } from '../parts.tsx';
import { Chart, css } from './Chart.tsx';
import { drawn } from './curves.ts';
import type { Curve } from './curves.ts';
import { Table } from './Table.tsx';

interface ChartsOf {
  contest: Contest;
  data: Series;
  curves: Curve[];
  registered: number | null;
}

// Ballots as a share of registered voters where they are known.
function Charts({ contest, data, curves, registered }: ChartsOf) {
  const named = registered ? text.overTimeTurnout : ballotsWord();
  const ballots: Curve = {
    name: named,
    color: css('--accent-now') || '#0b57a4',
    values: data.points.map((p) => (registered ? p.ballots / registered : p.ballots)),
  };
  return (
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
  );
}

export function Over({ contest }: { contest: Contest }) {
  if (!drawn.value || drawn.value.data.contest !== contest.id) return null;
  const { data, curves } = drawn.value;
  const registered = seriesRegistered.value || null;
  const some = data.points.length > 1 && curves.length > 0;
  return (
    <section class="over">
      <h3>{text.overTime}</h3>
      {!some ? (
        <p class="aside">{byReport.value ? text.overTimeNoReport : text.overTimeNone}</p>
      ) : (
        <>
          <Charts contest={contest} data={data} curves={curves} registered={registered} />
          <p class="aside">{text.overTimeWhole}</p>
          <Table data={data} curves={curves} registered={registered} />
        </>
      )}
    </section>
  );
}
