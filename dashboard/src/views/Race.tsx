import { colorOf, partyColor } from '../colors.ts';
import { initials, number, percent, signed } from '../format.ts';
import { byParty, changed, lines, outlook, runs } from '../race.ts';
import type { Line } from '../race.ts';
import type { Contest } from '../api.ts';
import { before, election, result, turnout } from '../state.ts';
import { text } from '../text.ts';

const parties = () => election.value?.election.parties ?? [];
const partyName = (id: string | null) => (id ? parties().find((p) => p.id === id)?.name ?? id : text.noParty);

function LeaderCard({ contest, ordered }: { contest: Contest; ordered: Line[] }) {
  const [first, second] = ordered.filter((line) => runs(line.choice));
  if (!first || first.votes === 0) return <section class="card leader"><p>{text.noVotes}</p></section>;
  const tied = second !== undefined && second.votes === first.votes;
  const color = colorOf(contest, parties(), first.choice);
  return (
    <section class="card leader" style={{ borderColor: color }}>
      <span class="portrait" aria-hidden="true" style={{ background: color }}>{initials(first.choice.name)}</span>
      <div>
        <p class="label">{tied ? text.tied : text.leading}</p>
        <p class="name">{first.choice.name}{tied && `, ${second.choice.name}`}</p>
        <p>{partyName(first.choice.party)} · <strong>{number(first.votes)}</strong> · {percent(first.share)}</p>
      </div>
    </section>
  );
}

function Bars({ contest, ordered }: { contest: Contest; ordered: Line[] }) {
  const most = Math.max(1, ...ordered.map((line) => line.votes));
  const deltas = new Map(changed(before.value, result.value).map((d) => [d.choice, d.votes]));
  return (
    <table class="bars">
      <caption class="visually-hidden">{text.byChoice}</caption>
      <thead><tr><th scope="col">{text.choice}</th><th scope="col">{text.party}</th><th scope="col" class="n">{text.votes}</th><th scope="col" class="n">{text.share}</th><th scope="col" aria-hidden="true" /></tr></thead>
      <tbody>
        {ordered.map((line) => (
          <tr key={line.choice.id} class={runs(line.choice) ? '' : 'aside'}>
            <th scope="row"><span class="swatch" style={{ background: colorOf(contest, parties(), line.choice) }} />{line.choice.name}</th>
            <td>{line.choice.party ? partyName(line.choice.party) : ''}</td>
            <td class="n">{number(line.votes)}{deltas.has(line.choice.id) && <small class="delta"> {signed(deltas.get(line.choice.id)!)}</small>}</td>
            <td class="n">{runs(line.choice) ? percent(line.share) : ''}</td>
            <td class="bar" aria-hidden="true"><span style={{ width: `${(100 * line.votes) / most}%`, background: colorOf(contest, parties(), line.choice) }} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function PartySplit({ ordered }: { ordered: Line[] }) {
  const split = byParty(ordered);
  return (
    <section>
      <h3>{text.byParty}</h3>
      <div class="split" aria-hidden="true">
        {split.filter((p) => p.votes > 0).map((p, i) => <span key={p.party} style={{ flexGrow: p.votes, background: partyColor(parties(), p.party, i) }} />)}
      </div>
      <ul class="legend">
        {split.map((p, i) => <li key={p.party}><span class="swatch" style={{ background: partyColor(parties(), p.party, i) }} />{partyName(p.party)} <strong>{percent(p.share)}</strong> ({number(p.votes)})</li>)}
      </ul>
    </section>
  );
}

function Figures({ ordered }: { ordered: Line[] }) {
  const now = result.value!;
  const turn = turnout.value;
  const view = outlook(ordered, turn?.ballots_expected ?? null, now.ballots);
  const sentence = {
    unknown: text.changeUnknown, none: text.changeNone, tied: text.changeTied(number(view.out)),
    open: text.changeOpen(number(view.margin), number(view.out), percent(view.needed)),
    beyond: text.changeBeyond(number(view.margin), number(view.out)),
  }[view.kind];
  return (
    <>
      <dl class="figures">
        <div><dt>{text.ballots}</dt><dd>{number(now.ballots)}</dd></div>
        <div><dt>{text.turnout}</dt><dd>{percent(turn?.share ?? null)}{turn?.registered != null && <small>{text.ofRegistered(number(turn.registered))}</small>}</dd></div>
        <div><dt>{text.reporting}</dt><dd>{percent(now.units_total ? now.units_reporting / now.units_total : null)}<small>{text.reportingOf(number(now.units_reporting), number(now.units_total))}</small></dd></div>
        <div><dt>{text.margin}</dt><dd>{number(view.margin)}</dd></div>
        <div><dt>{text.stillOut}</dt><dd>{view.kind === 'unknown' ? text.unknownOut : number(view.out)}</dd></div>
      </dl>
      <p class="outlook"><strong>{text.change}</strong> {sentence}</p>
      <p class="aside">{text.undervotes}: {number(now.undervotes)} · {text.overvotes}: {number(now.overvotes)}</p>
    </>
  );
}

export function Race({ contest }: { contest: Contest }) {
  const ordered = lines(contest, result.value);
  return (
    <>
      <LeaderCard contest={contest} ordered={ordered} />
      {result.value && <Figures ordered={ordered} />}
      <Bars contest={contest} ordered={ordered} />
      <PartySplit ordered={ordered} />
    </>
  );
}
