// The votes of every party, where more than one stands.
import type { Contest } from '../../api/types.ts';
import { OTHER, partyColor } from '../../colors.ts';
import { number, percent } from '../../format.ts';
import { byParty } from '../../race.ts';
import type { Line } from '../../race.ts';
import { text } from '../../text/index.ts';
import { parties, partyName } from '../parts.tsx';
import { FEW } from './Bars.tsx';
import { SLIVER } from './Leaders.tsx';

export function Parties({ contest, ordered }: { contest: Contest; ordered: Line[] }) {
  const split = byParty(ordered);
  const some = split.filter((p) => p.votes > 0);
  if (split.filter((p) => p.party).length < 2 || some.length === 0) return null;
  const most = Math.max(1, ...split.map((p) => p.votes));
  return (
    <section>
      <h3>{text.byParty}</h3>
      <div class="split" aria-hidden="true">
        {some
          .filter((p) => p.share >= SLIVER)
          .map((p) => (
            <span
              key={p.name ?? p.party}
              style={{ flexGrow: p.share, background: partyColor(contest, parties(), p.party) }}
            />
          ))}
        <span
          style={{ flexGrow: some.reduce((sum, p) => sum + (p.share < SLIVER ? p.share : 0), 0), background: OTHER }}
        />
      </div>
      <table class="bars small">
        <thead>
          <tr>
            <th scope="col">{text.party}</th>
            <th scope="col" class="n">
              {text.votes}
            </th>
            <th scope="col" class="n">
              {text.share}
            </th>
          </tr>
        </thead>
        <tbody>
          {some.slice(0, FEW).map((p) => (
            <tr key={p.name ?? p.party}>
              <th scope="row">
                <span
                  class="swatch"
                  aria-hidden="true"
                  style={{ background: partyColor(contest, parties(), p.party) }}
                />
                {p.name ?? partyName(p.party)}
                <span class="bar" aria-hidden="true">
                  <span
                    style={{ width: `${(100 * p.votes) / most}%`, background: partyColor(contest, parties(), p.party) }}
                  />
                </span>
              </th>
              <td class="n">{number(p.votes)}</td>
              <td class="n">{percent(p.share)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
