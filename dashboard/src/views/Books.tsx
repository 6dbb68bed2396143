import { effect, signal } from '@preact/signals';
import type { Books as BooksRow } from '../api/types.ts';
import { number, seconds } from '../format.ts';
import { connected, delay, mode } from '../live.ts';
import { accounting, election, shards } from '../state.ts';
import { text } from '../text.ts';

const columns = Object.keys(text.dispositions) as (keyof BooksRow)[];

function Row({ name, row }: { name: string; row: BooksRow }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class="n">{number(row.received)}</td>
      {columns.map((c) => (
        <td key={c} class="n">
          {number(row[c] as number)}
        </td>
      ))}
    </tr>
  );
}

export function Books() {
  const books = accounting.value;
  if (!books) return null;
  return (
    <section class="books">
      <h3>{text.books}</h3>
      <p>
        {text.booksWhy}{' '}
        {books.total.balanced ? <strong>{text.balanced}</strong> : <strong class="warning">{text.unbalanced}</strong>}
      </p>
      <div class="scroll" tabIndex={0} role="region" aria-label={text.books}>
        <table>
          <thead>
            <tr>
              <th scope="col">{text.shard}</th>
              <th scope="col" class="n">
                {text.received} =
              </th>
              {columns.map((c, i) => (
                <th key={c} scope="col" class="n">
                  {text.dispositions[c]}
                  {i < columns.length - 1 ? ' +' : ''}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {books.shards.map((s) => (
              <Row key={s.shard} name={String(s.shard)} row={s} />
            ))}
            <Row name={text.total} row={books.total} />
          </tbody>
        </table>
      </div>
    </section>
  );
}

// No news comes of a shard that is silent: its age is counted on here.
const now = signal(0);
effect(() => {
  if (!shards.value?.list.some((s) => s.stale)) return undefined;
  const timer = setInterval(() => {
    now.value = Date.now();
  }, 1000);
  return () => clearInterval(timer);
});

export function Health() {
  const known = shards.value;
  if (!known) return null;
  const stream = mode.value !== 'live' ? text.stream.off : connected.value ? text.stream.live : text.stream.away;
  const epoch = Math.max(0, ...known.list.map((s) => s.epoch));
  return (
    <section class="health">
      <h3>{text.health}</h3>
      <p>
        {text.healthWhy} {stream}{' '}
        {delay.value && text.delay(number(Math.round(delay.value.p50)), number(Math.round(delay.value.p99)))}
      </p>
      {epoch > 1 && (
        <p>
          <strong>{text.restored(epoch)}</strong>
        </p>
      )}
      <ul class="strip">
        {known.list.map((s) => (
          <li key={s.shard} class={s.diverged || s.stale ? 'bad' : ''}>
            <strong>
              {text.shard} {s.shard}
            </strong>
            <span>{s.diverged ? text.diverged : s.stale ? text.staleWord : text.current}</span>
            <small>
              {s.leader === null ? text.leaderless : text.leaderIs(s.leader)} · {text.shardIndex} {number(s.index)}
              {s.behind > 0 && ` · ${text.shardBehind} ${number(s.behind)}`} ·{' '}
              {s.age_ms === null
                ? text.never
                : text.ago(seconds(s.age_ms + (s.stale ? Math.max(0, now.value - known.at) : 0)))}
            </small>
          </li>
        ))}
      </ul>
    </section>
  );
}

export function Electorate() {
  const about = election.value?.election;
  if (!about) return null;
  return (
    <section class="electorate">
      <h3>{text.electorate}</h3>
      <dl class="figures">
        <div>
          <dt>{text.registered}</dt>
          <dd>
            {about.registered === null ? '–' : number(about.registered)}
            {about.registered === null && <small>{text.notKnown}</small>}
          </dd>
        </div>
        <div>
          <dt>{text.took}</dt>
          <dd>{number(about.ballots)}</dd>
        </div>
        <div>
          <dt>{text.candidates}</dt>
          <dd>{number(about.candidates)}</dd>
        </div>
        <div>
          <dt>{text.contestsCount}</dt>
          <dd>{number(about.contests)}</dd>
        </div>
        <div>
          <dt>{text.reporting}</dt>
          <dd>
            {number(about.leaves_reporting)}
            <small>{text.reportingOf(number(about.leaves_reporting), number(about.leaves))}</small>
          </dd>
        </div>
      </dl>
      <p class="aside">
        {text.unofficialWhy} {text.dataWhy} <a href="/api/v1/results.csv?level=leaf">CSV</a>,{' '}
        <a href="/openapi.json">OpenAPI</a>.
      </p>
    </section>
  );
}
