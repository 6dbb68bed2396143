// The units below the one that is looked at, as a table.
import type { Choice, Contest } from '../../api/types.ts';
import { number } from '../../format.ts';
import { link, toUnit } from '../../route.ts';
import { level, levelTitle, places, placesTotal, ranking, scope } from '../../state.ts';
import type { Scope } from '../../state.ts';
import { text } from '../../text/index.ts';
import { ballotsWord, inWord } from '../parts.tsx';
import { Controls, Pager } from './Controls.tsx';
import { Row } from './Row.tsx';

const COLUMNS = 2; // choices that get a column of their own: the first of the whole

function Bottom({ at }: { at: Scope }) {
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

function Head({ columns }: { columns: Choice[] }) {
  return (
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
          {ballotsWord()}
        </th>
        <th scope="col" class="n wide">
          {text.turnout}
        </th>
        <th scope="col" class="n">
          {inWord()}
        </th>
      </tr>
    </thead>
  );
}

export function Places({ contest }: { contest: Contest }) {
  const at = scope.value;
  if (!at) return null;
  if (!level.value) return <Bottom at={at} />;
  const named = levelTitle(level.value);
  const columns = ranking.value.slice(0, COLUMNS);
  return (
    <section class="places" id="places" tabIndex={-1}>
      <h3>
        {named} {placesTotal.value !== null && <span class="count">{number(placesTotal.value)}</span>}
      </h3>
      <Controls contest={contest} />
      <div class="scroll" tabIndex={0} role="region" aria-label={named}>
        <table>
          <Head columns={columns} />
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
