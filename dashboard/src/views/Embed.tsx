// One contest in a frame: no list of contests, no places, no footer.
import type { Contest } from '../api/types.ts';
import { wholePage } from '../embed.ts';
import { timeThere } from '../format.ts';
import { link } from '../route.ts';
import { byReport, election, newest, state } from '../state.ts';
import { text } from '../text/index.ts';
import { Warnings } from './Header.tsx';
import { Choices, Race } from './race/Race.tsx';

export function Embed({ contest }: { contest: Contest }) {
  const asOf = newest.value?.as_of;
  return (
    <>
      <h1>{election.value?.election.name}</h1>
      <h2>{contest.name}</h2>
      <p class="sub">
        <span>{text.states[state.value]}</span>
        <span class="badge" title={text.unofficialWhy}>
          {text.unofficial}
        </span>
        {byReport.value && <span class="badge">{text.byReport}</span>}
      </p>
      <Warnings />
      <Race contest={contest} />
      <Choices contest={contest} />
      <p class="aside">
        {asOf ? text.lastRefreshed(timeThere(asOf)) : text.neverRefreshed} ·{' '}
        <a href={wholePage(link({}))} target="_blank" rel="noopener">
          {text.fullResults}
        </a>
      </p>
    </>
  );
}
