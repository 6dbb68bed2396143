import { signal } from '@preact/signals';
import { colorOf, OTHER, partyColor } from '../colors.ts';
import { number, percent, percentIn, points, signed, time } from '../format.ts';
import { byParty, gains, lines, outlook, progress, runs, same, stillOut } from '../race.ts';
import type { Line, Outlook } from '../race.ts';
import type { Contest, Result } from '../api/types.ts';
import { baseline, shown, state, turnout } from '../state.ts';
import { route } from '../route.ts';
import { Name, parties, partyName, Portrait, Swatch } from './parts.tsx';
import { text } from '../text.ts';

// ---- who leads ----

function Person({ contest, line, label, first }: { contest: Contest; line: Line; label: string; first: boolean }) {
  return (
    <div class={first ? 'person first' : 'person'}>
      <Portrait contest={contest} choice={line.choice} />
      <div class="about">
        <p class="label">{label}</p>
        <p class="name">
          <Name choice={line.choice} />
        </p>
        <p class="party">
          <Swatch contest={contest} choice={line.choice} />
          {line.choice.kind === 'candidate' ? partyName(line.choice.party) : ''}
        </p>
      </div>
      <p class="big">
        <strong>{percent(line.share)}</strong>
        <span>{text.votesOf(number(line.votes))}</span>
      </p>
    </div>
  );
}

const SLIVER = 0.015; // smaller shares stand together at the end of a bar

function ShareBar({ contest, ordered }: { contest: Contest; ordered: Line[] }) {
  const parts = ordered.filter((line) => runs(line.choice) && line.share >= SLIVER);
  const rest = 1 - parts.reduce((sum, line) => sum + line.share, 0);
  return (
    <div class="split race-bar" aria-hidden="true">
      {parts.map((line) => (
        <span
          key={line.choice.id}
          title={`${line.choice.name} ${percent(line.share)}`}
          style={{ flexGrow: line.share, background: colorOf(contest, parties(), line.choice) }}
        />
      ))}
      {rest > 0.0005 && <span style={{ flexGrow: rest, background: OTHER }} />}
      <i />
    </div>
  );
}

function Leaders({ contest, ordered }: { contest: Contest; ordered: Line[] }) {
  const [first, second] = ordered.filter((line) => runs(line.choice));
  if (!first || first.votes === 0)
    return (
      <section class="card empty-card">
        <p class="label">{state.value === 'new' ? text.states.new : text.noVotes}</p>
        <p>{state.value === 'new' ? text.notOpen : text.waiting}</p>
      </section>
    );
  const tied = second !== undefined && second.votes === first.votes;
  return (
    <section class="card leaders" aria-label={text.leading}>
      <div class="people">
        <Person contest={contest} line={first} label={tied ? text.tied : text.leading} first />
        {second && second.votes > 0 && (
          <Person contest={contest} line={second} label={tied ? text.tied : text.trailing} first={false} />
        )}
      </div>
      <ShareBar contest={contest} ordered={ordered} />
    </section>
  );
}

// ---- figures ----

const HARD = 0.9; // a share of the rest that nobody has yet had in earnest
function sentence(view: Outlook): string {
  const margin = number(view.margin),
    out = number(view.out),
    name = view.below?.choice.name ?? '';
  // A share that must be more than half is not rounded to half.
  const needed = view.needed > 0.5 && view.needed < 0.5005 ? text.justOver(percentIn(0.5)) : percent(view.needed);
  switch (view.kind) {
    case 'unknown':
      return text.changeUnknown;
    case 'none':
      return text.changeNone;
    case 'tied':
      return text.changeTied(out);
    case 'open':
      return view.needed > HARD
        ? text.changeHard(margin, out, needed, name)
        : text.changeOpen(margin, out, needed, name);
    case 'beyond':
      return text.changeBeyond(margin, out);
  }
}

function Figures({ contest, ordered, now }: { contest: Contest; ordered: Line[]; now: Result }) {
  const turn = turnout.value;
  const out = route.value.method ? null : stillOut(turn);
  const view = outlook(ordered, out, contest.votes_allowed);
  const part = progress(now.units_reporting, now.units_total, turn?.ballots ?? 0, turn?.ballots_expected ?? null);
  const valid = ordered.reduce((sum, line) => sum + (runs(line.choice) ? line.votes : 0), 0);
  return (
    <>
      <dl class="figures">
        <div class="in">
          <dt>{text.countedIn}</dt>
          <dd>
            {percentIn(part)}
            <span class="bar" aria-hidden="true">
              <span style={{ width: `${100 * part}%` }} />
            </span>
          </dd>
        </div>
        <div>
          <dt>{text.ballots}</dt>
          <dd>{number(now.ballots)}</dd>
        </div>
        <div>
          <dt>{text.reporting}</dt>
          <dd>
            {percentIn(now.units_total ? now.units_reporting / now.units_total : null)}
            <small>{text.reportingOf(number(now.units_reporting), number(now.units_total))}</small>
          </dd>
        </div>
        <div>
          <dt>{text.turnout}</dt>
          <dd>
            {turn?.share != null ? percent(turn.share) : '–'}
            <small>
              {turn?.registered != null ? text.ofRegistered(number(turn.registered)) : text.registeredUnknown}
            </small>
          </dd>
        </div>
        <div>
          <dt>{text.margin}</dt>
          <dd>
            {valid > 0 && view.above ? number(view.margin) : '–'}
            {valid > 0 && view.below && <small>{text.pointsOf(points(view.margin / valid))}</small>}
          </dd>
        </div>
        <div>
          <dt>{text.stillOut}</dt>
          <dd>
            {out === null ? '–' : number(out)}
            <small>
              {turn?.ballots_expected != null ? text.ofExpected(number(turn.ballots_expected)) : text.notKnown}
            </small>
          </dd>
        </div>
      </dl>
      {!route.value.method && view.above && view.above.votes > 0 && (
        <p class="outlook">
          <strong>{text.change}</strong>{' '}
          {contest.votes_allowed > 1 &&
            view.above &&
            view.below &&
            `${text.changePlaces(view.above.choice.name, view.below.choice.name)} `}
          {sentence(view)}
        </p>
      )}
    </>
  );
}

// ---- every choice ----

const FEW = 8;
const all = signal(false);

function Bars({ contest, ordered, now }: { contest: Contest; ordered: Line[]; now: Result | undefined }) {
  const most = Math.max(1, ...ordered.map((line) => line.votes));
  const gained = gains(baseline.value?.result, now);
  const listed = all.value || ordered.length <= FEW + 2 ? ordered : ordered.filter((line, i) => i < FEW);
  return (
    <section>
      <h3>{text.byChoice}</h3>
      <table class="bars">
        <thead>
          <tr>
            <th scope="col">{text.choice}</th>
            <th scope="col" class="n">
              {text.votes}
            </th>
            <th scope="col" class="n">
              {text.share}
            </th>
          </tr>
        </thead>
        <tbody>
          {listed.map((line) => (
            <tr key={line.choice.id} class={runs(line.choice) ? '' : 'aside'}>
              <th scope="row">
                <Swatch contest={contest} choice={line.choice} />
                <Name choice={line.choice} />
                {line.choice.party && <small> {partyName(line.choice.party)}</small>}
                <span class="bar" aria-hidden="true">
                  <span
                    style={{
                      width: `${(100 * line.votes) / most}%`,
                      background: colorOf(contest, parties(), line.choice),
                    }}
                  />
                </span>
              </th>
              <td class="n">
                {number(line.votes)}
                {gained.has(line.choice.id) && <small class="delta">{signed(gained.get(line.choice.id)!)}</small>}
              </td>
              <td class="n">{runs(line.choice) ? percent(line.share) : ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {ordered.length > FEW + 2 && (
        <button
          type="button"
          class="quiet"
          aria-expanded={all.value}
          onClick={() => {
            all.value = !all.value;
          }}
        >
          {all.value ? text.showFewer : text.showAll(number(ordered.length))}
        </button>
      )}
      {now && (
        <p class="aside">
          {text.undervotes}: {number(now.undervotes)} · {text.overvotes}: {number(now.overvotes)}
          {contest.votes_allowed > 1 && ` · ${text.severalVotes(contest.votes_allowed)}`}
        </p>
      )}
    </section>
  );
}

function PartySplit({ contest, ordered }: { contest: Contest; ordered: Line[] }) {
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
            <span key={p.party} style={{ flexGrow: p.share, background: partyColor(contest, parties(), p.party) }} />
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
            <tr key={p.party}>
              <th scope="row">
                <span
                  class="swatch"
                  aria-hidden="true"
                  style={{ background: partyColor(contest, parties(), p.party) }}
                />
                {partyName(p.party)}
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

// ---- what changed ----

function Changes({ contest, ordered, now }: { contest: Contest; ordered: Line[]; now: Result }) {
  const before = baseline.value;
  if (!before || !same(before.result, now)) return null;
  const old = lines(contest, before.result).filter((line) => runs(line.choice));
  const at = ordered.filter((line) => runs(line.choice));
  const more = now.ballots - before.result.ballots;
  const complete = now.units_reporting - before.result.units_reporting;
  const margin = (list: Line[]) => (list[0]?.votes ?? 0) - (list[1]?.votes ?? 0);
  const lead = (list: Line[]) =>
    list[0] && list[0].votes > 0 && list[0].votes !== list[1]?.votes ? list[0].choice.name : text.tied;
  const facts = [
    more > 0 && text.changesBallots(number(more)),
    complete > 0 && text.newReporting(number(complete)),
    lead(old) !== lead(at) && old[0] && old[0].votes > 0 && text.changesLead(lead(old), lead(at)),
    more > 0 &&
      (margin(old) === margin(at)
        ? text.changesMarginSame
        : text.changesMargin(number(margin(old)), number(margin(at)))),
  ].filter(Boolean);
  return (
    <section class="changes">
      <h3>{text.changes}</h3>
      <p>
        <span class="label">{text.changesSince(time(before.at))}</span>{' '}
        {facts.length ? facts.join(' ') : text.changesNone}
      </p>
    </section>
  );
}

export function Race({ contest }: { contest: Contest }) {
  const now = shown.value;
  const ordered = lines(contest, now);
  return (
    <>
      <Leaders contest={contest} ordered={ordered} />
      {now && <Figures contest={contest} ordered={ordered} now={now} />}
      {now && <Changes contest={contest} ordered={ordered} now={now} />}
    </>
  );
}

export function Choices({ contest }: { contest: Contest }) {
  const now = shown.value;
  const ordered = lines(contest, now);
  return (
    <div class="choices">
      <Bars contest={contest} ordered={ordered} now={now} />
      <PartySplit contest={contest} ordered={ordered} />
    </div>
  );
}
