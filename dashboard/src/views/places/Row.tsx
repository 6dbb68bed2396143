// One place of the list: who leads there, by how much, how far it is counted.
import type { Contest, Result } from '../../api/types.ts';
import { number, percent, percentIn, points } from '../../format.ts';
import { held, leadOf, lines, progress, tooFew } from '../../race.ts';
import { toUnit } from '../../route.ts';
import { progressOf, units } from '../../state.ts';
import { text } from '../../text/index.ts';
import { Swatch } from '../parts.tsx';

export function Row({ contest, place, columns }: { contest: Contest; place: Result; columns: string[] }) {
  const ordered = lines(contest, place).filter((line) => line.racing);
  const [first, second] = ordered;
  const unit = units.value?.byId.get(place.unit);
  const valid = place.valid ?? 0;
  const of = progressOf(place.unit);
  const tied = first !== undefined && second !== undefined && first.votes === second.votes;
  const shareOf = (id: string) => ordered.find((line) => line.choice.id === id);
  const none = held(place);
  const why = tooFew(place) ? text.tooFewHere : text.notReportedHere;
  const ahead = first && first.votes > 0 && !tied ? first.choice.id : '';
  return (
    <tr>
      <th scope="row">
        {ahead && first && (
          <span class="narrow">
            <Swatch contest={contest} choice={first.choice} />
          </span>
        )}
        <a href={toUnit(place.unit)}>{place.unit_name}</a>
        {unit?.parent && units.value?.parents.has(unit.parent) && (
          <small> {units.value.parents.get(unit.parent)}</small>
        )}
        {(of?.over ?? 0) > 0 && <small class="over"> {text.overHere}</small>}
        {none && <small class="narrow-line">{why}</small>}
      </th>
      <td class="wide">
        {ahead && first ? (
          <>
            <Swatch contest={contest} choice={first.choice} />
            {first.name}
          </>
        ) : none ? (
          why
        ) : place.ballots > 0 ? (
          text.tied
        ) : (
          '–'
        )}
      </td>
      {columns.map((id) => (
        <td key={id} class={id === ahead ? 'n ahead' : 'n'}>
          {valid > 0 && shareOf(id) ? percent(shareOf(id)!.share) : '–'}
        </td>
      ))}
      <td class="n">{valid > 0 && first && second ? `+${points((place.margin ?? leadOf(ordered)) / valid)}` : '–'}</td>
      <td class="n wide">{none ? '–' : number(place.ballots)}</td>
      <td class="n wide">
        {unit?.registered && unit.leaves === place.units_total
          ? percent((place.ballots_counted ?? place.ballots) / unit.registered)
          : '–'}
      </td>
      <td class="n">
        {percentIn(
          progress(place.units_reporting, place.units_total, of?.shown ?? place.ballots, of?.expected ?? null),
        )}
      </td>
    </tr>
  );
}
