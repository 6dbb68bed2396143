import type { Contest } from '../api/types.ts';
import { number, percent } from '../format.ts';
import { held, lines, tooFew } from '../race.ts';
import { link, route } from '../route.ts';
import { election, methods, ranking } from '../state.ts';
import { text } from '../text/index.ts';
import { ballotsWord } from './parts.tsx';

// Only where ballots are cast in more than one way.
export function Methods({ contest }: { contest: Contest }) {
  const known = election.value?.election.methods ?? [];
  if (known.length < 2) return null;
  const columns = ranking.value.slice(0, 3);
  const chosen = route.value.method;
  const all = methods.value.reduce((sum, row) => sum + row.ballots, 0);
  return (
    <section class="methods">
      <h3>{text.methods}</h3>
      <div class="scroll" tabIndex={0} role="region" aria-label={text.methods}>
        <table>
          <thead>
            <tr>
              <th scope="col">{text.method}</th>
              <th scope="col" class="n">
                {ballotsWord()}
              </th>
              <th scope="col" class="n">
                {text.ofBallots}
              </th>
              {columns.map((c, i) => (
                <th key={c.id} scope="col" class={i < 2 ? 'n' : 'n wide'}>
                  {c.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {methods.value.map((row) => {
              const votes = lines(contest, row);
              return (
                <tr key={row.method} class={row.method === chosen ? 'chosen' : ''}>
                  <th scope="row">
                    <a
                      href={link({ method: row.method === chosen ? '' : row.method! })}
                      aria-current={row.method === chosen ? 'true' : undefined}
                    >
                      {known.find((m) => m.id === row.method)?.name ?? row.method}
                    </a>
                    {held(row) && <small> {tooFew(row) ? text.tooFewHere : text.notReportedHere}</small>}
                  </th>
                  <td class="n">{held(row) ? '–' : number(row.ballots)}</td>
                  <td class="n">{all > 0 && !held(row) ? percent(row.ballots / all) : '–'}</td>
                  {columns.map((c, i) => (
                    <td key={c.id} class={i < 2 ? 'n' : 'n wide'}>
                      {row.ballots > 0 ? percent(votes.find((line) => line.choice.id === c.id)?.share ?? null) : '–'}
                    </td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
