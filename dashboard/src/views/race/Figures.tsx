// What is counted, what is out, and by how much the first is ahead.
import type { ComponentChildren } from 'preact';
import type { Contest, Result, Turnout } from '../../api/types.ts';
import { number, percent, percentIn, points } from '../../format.ts';
import { outlook, partIn, stillOut } from '../../race.ts';
import type { Line } from '../../race.ts';
import { route } from '../../route.ts';
import { byReport, turnoutFor } from '../../state.ts';
import { text } from '../../text/index.ts';
import { ballotsWord, inWord, reportingWord } from '../parts.tsx';
import { Outlook } from './Outlook.tsx';
import { Over } from './Over.tsx';

function Figure({ name, value, more }: { name: string; value: string; more?: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value}
        {more !== undefined && <small>{more}</small>}
      </dd>
    </div>
  );
}

// Of which votes the margin is, in points of valid votes.
function marginMore(contest: Contest, now: Result): string | undefined {
  if (now.margin === null || !now.valid) return undefined;
  const said = text.pointsOf(points(now.margin / now.valid));
  return now.margin_of === 'last_seat' ? `${said}, ${text.lastSeat(contest.seats)}` : said;
}

function CountedIn({ part, of }: { part: number; of: Turnout['progress'] | undefined }) {
  return (
    <div class="in">
      <dt>{inWord()}</dt>
      <dd>
        {percentIn(part)}
        <span class="bar" aria-hidden="true">
          <span style={{ width: `${100 * part}%` }} />
        </span>
        <small>{of?.expected != null ? text.inOf(number(of.shown), number(of.expected)) : text.byUnits}</small>
      </dd>
    </div>
  );
}

export function Figures({ contest, ordered, now }: { contest: Contest; ordered: Line[]; now: Result }) {
  const turn = turnoutFor(now);
  const out = route.value.method ? null : stillOut(turn);
  const view = outlook(ordered, turn, contest.seats);
  const part = partIn(now, turn);
  const counted = byReport.value && !route.value.method ? now.ballots_counted : null;
  const valid = now.valid ?? 0;
  return (
    <>
      <dl class="figures">
        <CountedIn part={part} of={turn?.progress} />
        <Figure
          name={ballotsWord()}
          value={number(now.ballots)}
          more={counted === null ? undefined : text.ofCounted(number(counted))}
        />
        <Figure
          name={text.reporting}
          value={percentIn(now.units_total ? now.units_reporting / now.units_total : null)}
          more={reportingWord(now.units_reporting, now.units_total, now.units_partial)}
        />
        <Figure
          name={text.turnout}
          value={turn?.share != null ? percent(turn.share) : '–'}
          more={turn?.registered != null ? text.ofRegistered(number(turn.registered)) : text.registeredUnknown}
        />
        <Figure
          name={text.margin}
          value={now.margin === null ? '–' : number(now.margin)}
          more={marginMore(contest, now)}
        />
        <Figure
          name={byReport.value ? text.notShownYet : text.stillOut}
          value={out === null ? '–' : number(out)}
          more={turn?.ballots_expected != null ? text.ofExpected(number(turn.ballots_expected)) : text.notKnown}
        />
      </dl>
      <Over of={turn?.progress} />
      {!route.value.method && view.above && view.above.votes > 0 && <Outlook contest={contest} view={view} />}
    </>
  );
}
