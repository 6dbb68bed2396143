// The books: every ballot that came in has one disposition.
import type { Books as BooksRow } from '../../api/types.ts';
import { number } from '../../format.ts';
import { accounting, byReport } from '../../state.ts';
import { text } from '../../text/index.ts';

const columns = Object.keys(text.dispositions) as (keyof typeof text.dispositions)[];

function Row({ name, row }: { name: string; row: BooksRow }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class="n">{number(row.received)}</td>
      {columns.map((c) => (
        <td key={c} class="n">
          {number(row[c])}
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
        {text.booksWhy} {byReport.value && text.booksHeld(number(books.total.shown), number(books.total.held))}{' '}
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
