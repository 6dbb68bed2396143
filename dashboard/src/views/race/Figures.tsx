// What is counted, what is out, and by how much the first is ahead.
import type { ComponentChildren } from 'preact';
import type { Contest, Result } from '../../api/types.ts';
import { number, percent, percentIn, points } from '../../format.ts';
import { outlook, progress, runs, stillOut } from '../../race.ts';
import type { Line } from '../../race.ts';
import { route } from '../../route.ts';
import { byReport, turnout } from '../../state.ts';
import { text } from '../../text.ts';
import { ballotsWord, inWord, reportingWord } from '../parts.tsx';
import { Outlook } from './Outlook.tsx';

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

function CountedIn({ part }: { part: number }) {
  return (
    <div class="in">
      <dt>{inWord()}</dt>
      <dd>
        {percentIn(part)}
        <span class="bar" aria-hidden="true">
          <span style={{ width: `${100 * part}%` }} />
        </span>
      </dd>
    </div>
  );
}

export function Figures({ contest, ordered, now }: { contest: Contest; ordered: Line[]; now: Result }) {
  const turn = turnout.value;
  const out = route.value.method ? null : stillOut(turn);
  const view = outlook(ordered, out, contest.votes_allowed);
  const part = progress(now.units_reporting, now.units_total, turn?.ballots ?? 0, turn?.ballots_expected ?? null);
  const counted = byReport.value && !route.value.method ? now.ballots_counted : null;
  const valid = ordered.reduce((sum, line) => sum + (runs(line.choice) ? line.votes : 0), 0);
  return (
    <>
      <dl class="figures">
        <CountedIn part={part} />
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
          value={valid > 0 && view.above ? number(view.margin) : '–'}
          more={valid > 0 && view.below ? text.pointsOf(points(view.margin / valid)) : undefined}
        />
        <Figure
          name={byReport.value ? text.notShownYet : text.stillOut}
          value={out === null ? '–' : number(out)}
          more={turn?.ballots_expected != null ? text.ofExpected(number(turn.ballots_expected)) : text.notKnown}
        />
      </dl>
      {!route.value.method && view.above && view.above.votes > 0 && <Outlook contest={contest} view={view} />}
    </>
  );
}
