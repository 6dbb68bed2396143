import { lines, progress, runs } from '../race.ts';
import type { Contest, Result } from '../api/types.ts';
import { number, percent, percentIn, points } from '../format.ts';
import { go, link, pageSizes, route, toUnit } from '../route.ts';
import { cursors, level, nextCursor, page, places, placesTotal, ranking, scope, units } from '../state.ts';
import { Swatch } from './parts.tsx';
import { text } from '../text.ts';

const COLUMNS = 2; // choices that get a column of their own: the first of the whole

function Row({ contest, place, columns }: { contest: Contest; place: Result; columns: string[] }) {
  const ordered = lines(contest, place).filter((line) => runs(line.choice));
  const [first, second] = ordered;
  const unit = units.value?.byId.get(place.unit);
  const valid = ordered.reduce((sum, line) => sum + line.votes, 0);
  const tied = first !== undefined && second !== undefined && first.votes === second.votes;
  const shareOf = (id: string) => ordered.find((line) => line.choice.id === id);
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
      </th>
      <td class="wide">
        {ahead && first ? (
          <>
            <Swatch contest={contest} choice={first.choice} />
            {first.choice.name}
          </>
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
      <td class="n">{valid > 0 && first && second ? `+${points((first.votes - second.votes) / valid)}` : '–'}</td>
      <td class="n wide">{number(place.ballots)}</td>
      <td class="n wide">{unit?.registered ? percent(place.ballots / unit.registered) : '–'}</td>
      <td class="n">
        {percentIn(progress(place.units_reporting, place.units_total, place.ballots, unit?.ballots_expected ?? null))}
      </td>
    </tr>
  );
}

function Controls({ contest }: { contest: Contest }) {
  const { sort, order, size } = route.value;
  const direction = order || (sort === 'unit' ? 'asc' : 'desc');
  const sorts: [string, string][] = [
    ['unit', text.sortUnit],
    ['ballots', text.ballots],
    ['turnout', text.turnout],
    ...contest.choices.filter(runs).map((c): [string, string] => [`votes:${c.id}`, `${text.votes}: ${c.name}`]),
  ];
  return (
    <div class="controls">
      {(scope.value?.levels.length ?? 0) > 1 && (
        <label>
          {text.level}{' '}
          <select value={level.value ?? ''} onChange={(e) => go({ level: e.currentTarget.value })}>
            {scope.value!.levels.map((l) => (
              <option key={l} value={l}>
                {text.levels[l] ?? l}
              </option>
            ))}
          </select>
        </label>
      )}
      <label>
        {text.sortBy}{' '}
        <select value={sort} onChange={(e) => go({ sort: e.currentTarget.value, order: '' })}>
          {sorts.map(([value, name]) => (
            <option key={value} value={value}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        {text.order}{' '}
        <select value={direction} onChange={(e) => go({ order: e.currentTarget.value as 'asc' | 'desc' })}>
          <option value="asc">{text.ascending}</option>
          <option value="desc">{text.descending}</option>
        </select>
      </label>
      <label>
        {text.pageSize}{' '}
        <select value={String(size)} onChange={(e) => go({ size: Number(e.currentTarget.value) })}>
          {pageSizes.map((n) => (
            <option key={n} value={String(n)}>
              {n}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

function Pager() {
  const pages = placesTotal.value === null ? null : Math.max(1, Math.ceil(placesTotal.value / route.value.size));
  if (pages === 1) return null;
  const at = cursors.value.length;
  return (
    <div class="pager">
      <button type="button" disabled={at === 1} onClick={() => page('first')}>
        {text.first}
      </button>
      <button type="button" disabled={at === 1} onClick={() => page('previous')}>
        {text.previous}
      </button>
      <span>{text.page(number(at), pages === null ? '…' : number(pages))}</span>
      <button type="button" disabled={!nextCursor.value} onClick={() => page('next')}>
        {text.next}
      </button>
    </div>
  );
}

export function Places({ contest }: { contest: Contest }) {
  const at = scope.value;
  if (!at) return null;
  if (!level.value) {
    const above = at.path.at(-2);
    return (
      <section class="places">
        <h3>{text.places}</h3>
        <p class="aside">
          {text.bottom} {above && <a href={toUnit(above.id)}>{above.name}</a>}
        </p>
      </section>
    );
  }
  const named = text.levels[level.value] ?? text.places;
  const columns = ranking.value.slice(0, COLUMNS);
  return (
    <section class="places" id="places" tabIndex={-1}>
      <h3>
        {named} {placesTotal.value !== null && <span class="count">{number(placesTotal.value)}</span>}
      </h3>
      <Controls contest={contest} />
      <div class="scroll" tabIndex={0} role="region" aria-label={named}>
        <table>
          <thead>
            <tr>
              <th scope="col">{text.place}</th>
              <th scope="col" class="wide">
                {text.leader}
              </th>
              {columns.map((c) => (
                <th key={c.id} scope="col" class="n">
                  <a href={link({ sort: `votes:${c.id}`, order: '' })}>{c.name}</a>
                </th>
              ))}
              <th scope="col" class="n">
                {text.margin}
              </th>
              <th scope="col" class="n wide">
                {text.ballots}
              </th>
              <th scope="col" class="n wide">
                {text.turnout}
              </th>
              <th scope="col" class="n">
                {text.countedIn}
              </th>
            </tr>
          </thead>
          <tbody>
            {places.value.map((place) => (
              <Row key={place.unit} contest={contest} place={place} columns={columns.map((c) => c.id)} />
            ))}
          </tbody>
        </table>
        {places.value.length === 0 && placesTotal.value === 0 && <p class="aside">{text.noPlaces}</p>}
      </div>
      <Pager />
    </section>
  );
}
