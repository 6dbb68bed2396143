// The whole election on one screen: the head race, then each group of contests.
import type { Contest, Group } from '../../api/types.ts';
import { number, percentIn, points } from '../../format.ts';
import { overview } from '../../overview.ts';
import { held, lines, partIn } from '../../race.ts';
import { toContest } from '../../route.ts';
import { headContest, headResult, turnoutFor } from '../../state.ts';
import { byCloseness, closeRow } from './seats.ts';
import type { RaceRow } from './seats.ts';
import { text } from '../../text/index.ts';
import { inWord } from '../parts.tsx';
import { Leaders } from '../race/Leaders.tsx';
import { Body } from './Body.tsx';
import { Rows } from './Rows.tsx';

function Head({ contest }: { contest: Contest }) {
  const now = headResult.value;
  const valid = now?.valid ?? 0;
  return (
    <section class="head-race" aria-labelledby="head-race">
      <h3 id="head-race">
        <a href={toContest(contest.id)}>{contest.name}</a>
      </h3>
      <Leaders contest={contest} ordered={lines(contest, now)} held={held(now)} />
      {now && (
        <p class="aside">
          {now.margin !== null && valid > 0 && (
            <>
              {text.margin}: {number(now.margin)} ({text.pointsOf(points(now.margin / valid))}) ·{' '}
            </>
          )}
          {inWord()}: {percentIn(partIn(now, turnoutFor(now)))} · <a href={toContest(contest.id)}>{text.moreOf}</a>
        </p>
      )}
    </section>
  );
}

// Contests that are alone in their group, as rows of one table.
const singles = (groups: Group[], head: Contest | null): RaceRow[] =>
  byCloseness(groups.flatMap(({ only }) => (only && only.contest !== head?.id ? [closeRow(only)] : [])));

export function OverviewOf() {
  const groups = overview.value?.groups ?? [];
  const head = headContest.value;
  const bodies = groups.filter((group) => group.contests_total > 1);
  const alone = singles(groups, head);
  return (
    <>
      <h2>{text.overview}</h2>
      {head && <Head contest={head} />}
      {bodies.map((group) => (
        <Body key={group.group} group={group} />
      ))}
      {alone.length > 0 && (
        <section class="body" aria-labelledby="single-contests">
          <h3 id="single-contests">
            {bodies.length > 0 || head ? text.otherContests : text.contests}{' '}
            <span class="count">{number(alone.length)}</span>
          </h3>
          <Rows rows={alone} label={text.otherContests} folded />
        </section>
      )}
    </>
  );
}
