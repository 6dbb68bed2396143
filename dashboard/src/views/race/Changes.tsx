// What changed since the refresh before, or within the last seconds.
import type { Contest, Result } from '../../api/types.ts';
import { number, timeThere } from '../../format.ts';
import { held, leadOf, lines, same } from '../../race.ts';
import type { Line } from '../../race.ts';
import { baseline, byReport } from '../../state.ts';
import { text } from '../../text/index.ts';

export function Changes({ contest, ordered, now }: { contest: Contest; ordered: Line[]; now: Result }) {
  const before = baseline.value;
  if (!before || !same(before.result, now) || held(before.result) || held(now)) return null;
  const old = lines(contest, before.result).filter((line) => line.racing);
  const at = ordered.filter((line) => line.racing);
  const more = now.ballots - before.result.ballots;
  const complete = now.units_reporting - before.result.units_reporting;
  const [was, is] = [before.result, now].map((r, i) => r.margin ?? leadOf(i === 0 ? old : at)) as [number, number];
  const lead = (list: Line[]) =>
    list[0] && list[0].votes > 0 && list[0].votes !== list[1]?.votes ? list[0].name : text.tied;
  const facts = [
    more > 0 && (byReport.value ? text.changesShown : text.changesBallots)(more),
    complete > 0 && text.newReporting(complete),
    lead(old) !== lead(at) && old[0] && old[0].votes > 0 && text.changesLead(lead(old), lead(at)),
    more > 0 && (was === is ? text.changesMarginSame : text.changesMargin(number(was), is)),
  ].filter(Boolean);
  return (
    <section class="changes">
      <h3>{text.changes}</h3>
      <p>
        <span class="label">{text.changesSince(timeThere(before.at))}</span>{' '}
        {facts.length ? facts.join(' ') : text.changesNone}
      </p>
    </section>
  );
}
