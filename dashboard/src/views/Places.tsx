import { colorOf } from '../colors.ts';
import { number, percent } from '../format.ts';
import { lines, runs } from '../race.ts';
import type { Contest, Result } from '../api.ts';
import { belowLevel, cursors, election, go, link, nextCursor, page, pageSizes, places, placesTotal, placesTurnout, route } from '../state.ts';
import { text } from '../text.ts';

function Row({ contest, place, drill }: { contest: Contest; place: Result; drill: boolean }) {
  const first = lines(contest, place).filter((line) => runs(line.choice))[0];
  const turn = placesTurnout.value.get(place.unit);
  return (
    <tr>
      <th scope="row">{drill ? <a href={link({ unit: place.unit })}>{place.unit_name}</a> : place.unit_name}</th>
      <td>{first && first.votes > 0 && <><span class="swatch" style={{ background: colorOf(contest, election.value?.election.parties ?? [], first.choice) }} />{first.choice.name} <small>{percent(first.share)}</small></>}</td>
      <td class="n">{number(place.ballots)}</td>
      <td class="n">{percent(turn?.share ?? null)}</td>
      <td class="n">{percent(place.units_total ? place.units_reporting / place.units_total : null)}</td>
    </tr>
  );
}

const sorts = (contest: Contest) => [
  ['ballots', text.ballots], ['name', text.place],
  ...contest.choices.filter(runs).map((c) => [`votes:${c.id}`, `${text.votes}: ${c.name}`]),
] as [string, string][];

export function Places({ contest }: { contest: Contest }) {
  if (!belowLevel.value) return null;
  const { sort, order, size } = route.value;
  const pages = placesTotal.value === null ? null : Math.max(1, Math.ceil(placesTotal.value / size));
  return (
    <section class="places">
      <h2>{text.levels[belowLevel.value] ?? text.places}</h2>
      <div class="controls">
        <label>{text.sortBy} <select value={sort} onChange={(e) => go({ sort: e.currentTarget.value })}>
          {sorts(contest).map(([value, name]) => <option key={value} value={value}>{name}</option>)}
        </select></label>
        <button type="button" onClick={() => go({ order: order === 'asc' ? 'desc' : 'asc' })}>{order === 'asc' ? text.ascending : text.descending}</button>
        <label>{text.pageSize} <select value={String(size)} onChange={(e) => go({ size: Number(e.currentTarget.value) })}>
          {pageSizes.map((n) => <option key={n} value={String(n)}>{n}</option>)}
        </select></label>
      </div>
      <div class="scroll" tabIndex={0} role="region" aria-label={text.places}>
        <table>
          <thead><tr><th scope="col">{text.place}</th><th scope="col">{text.leader}</th><th scope="col" class="n">{text.ballots}</th><th scope="col" class="n">{text.turnout}</th><th scope="col" class="n">{text.reporting}</th></tr></thead>
          <tbody>{places.value.map((place) => <Row key={place.unit} contest={contest} place={place} drill={place.units_total > 1} />)}</tbody>
        </table>
      </div>
      <div class="pager">
        <button type="button" disabled={cursors.value.length === 1} onClick={() => page(-1)}>{text.previous}</button>
        <span>{text.page(number(cursors.value.length), pages === null ? '…' : number(pages))}</span>
        <button type="button" disabled={!nextCursor.value} onClick={() => page(1)}>{text.next}</button>
      </div>
    </section>
  );
}
