// Which places are listed, in which order, how many on a page.
import type { Contest } from '../../api/types.ts';
import { number } from '../../format.ts';
import { lines } from '../../race.ts';
import { go, pageSizes, route } from '../../route.ts';
import { cursors, level, levelTitle, nextCursor, page, placesTotal, scope } from '../../state.ts';
import { text } from '../../text/index.ts';
import { ballotsWord } from '../parts.tsx';

export function Controls({ contest }: { contest: Contest }) {
  const { sort, order, size } = route.value;
  const direction = order || (sort === 'unit' ? 'asc' : 'desc');
  const sorts: [string, string][] = [
    ['unit', text.sortUnit],
    ['ballots', ballotsWord()],
    ['turnout', text.turnout],
    ...lines(contest, undefined)
      .filter((line) => line.racing)
      .map((line): [string, string] => [`votes:${line.choice.id}`, text.sortVotes(line.name)]),
  ];
  return (
    <div class="controls">
      {(scope.value?.levels.length ?? 0) > 1 && (
        <label>
          {text.level}{' '}
          <select value={level.value ?? ''} onChange={(e) => go({ level: e.currentTarget.value })}>
            {scope.value!.levels.map((l) => (
              <option key={l} value={l}>
                {levelTitle(l)}
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

export function Pager() {
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
