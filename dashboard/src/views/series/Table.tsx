// The curves as a table, for those who cannot see them.
import type { Series } from '../../api/types.ts';
import { number, percent, time, zone } from '../../format.ts';
import { text } from '../../text/index.ts';
import { ballotsWord } from '../parts.tsx';
import type { Curve } from './curves.ts';

const ROWS = 12;

export function Table({ data, curves, registered }: { data: Series; curves: Curve[]; registered: number | null }) {
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
              <th scope="col">{text.clock(zone(data.points[0]?.at ?? 0))}</th>
              <th scope="col" class="n">
                {ballotsWord()}
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
