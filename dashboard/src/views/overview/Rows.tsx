// Contests as a table: who leads each, before whom, by how much, how far it has reported.
import { useState } from 'preact/hooks';
import type { Stander } from '../../api/types.ts';
import { hueOf } from '../../colors.ts';
import { number, percent, points } from '../../format.ts';
import { toContest } from '../../route.ts';
import type { RaceRow } from './seats.ts';
import { text } from '../../text/index.ts';
import { parties } from '../parts.tsx';

const FOLDED = 25; // rows before the rest is asked for

function Who({ stander, ahead }: { stander: Stander | null; ahead: boolean }) {
  if (!stander) return <>–</>;
  const color = hueOf(parties(), stander.party);
  return (
    <>
      <span class="swatch" aria-hidden="true" style={{ background: color }} />
      <span class={ahead ? 'ahead' : ''}>{stander.name}</span>
      {stander.share !== null && <small> {percent(stander.share)}</small>}
    </>
  );
}

function Standing({ row }: { row: RaceRow }) {
  if (row.held) return <td colSpan={2}>{text.notReportedHere}</td>;
  if (!row.first) return <td colSpan={2}>{text.mapNone}</td>;
  return (
    <>
      <td>
        {row.lastSeat && <small>{text.forLastSeat} </small>}
        {row.level && <small>{text.tied} </small>}
        <Who stander={row.first} ahead={!row.level} />
      </td>
      <td>
        <Who stander={row.second} ahead={false} />
      </td>
    </>
  );
}

function Row({ row }: { row: RaceRow }) {
  const some = row.reporting > 0 ? row.reporting : row.started;
  return (
    <tr>
      <th scope="row">
        <a href={toContest(row.id)}>{row.name}</a>
      </th>
      <Standing row={row} />
      <td class="n">
        {row.share === null ? '–' : `+${points(row.share)}`}
        {row.margin !== null && <small> {number(row.margin)}</small>}
      </td>
      <td class="n part">
        {row.reporting > 0
          ? text.reportingOf(number(some), number(row.total))
          : text.startedOf(number(some), number(row.total))}
      </td>
    </tr>
  );
}

export function Rows({ rows, label, folded = false }: { rows: RaceRow[]; label: string; folded?: boolean }) {
  const [whole, setWhole] = useState(false);
  const shown = folded && !whole && rows.length > FOLDED + 5 ? rows.slice(0, FOLDED) : rows;
  return (
    <>
      <table class="rows" aria-label={label}>
        <thead>
          <tr>
            <th scope="col">{text.contest}</th>
            <th scope="col">{text.leader}</th>
            <th scope="col">{text.trailing}</th>
            <th scope="col" class="n">
              {text.margin}
            </th>
            <th scope="col" class="n">
              {text.reporting}
            </th>
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <Row key={row.id} row={row} />
          ))}
        </tbody>
      </table>
      {shown.length < rows.length && (
        <button type="button" class="quiet" onClick={() => setWhole(true)}>
          {text.showAll(number(rows.length))}
        </button>
      )}
    </>
  );
}
